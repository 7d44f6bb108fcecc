package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// process is one component as a child of "up". Its output goes to NAME.log in the control plane's folder; a component
// that is started again appends to it.
type process struct {
	name    string
	log     string
	command *exec.Cmd
	ended   chan struct{} // closed when the child is gone
	asked   atomic.Bool   // whether it was told to stop
}

// spawn starts a component: this binary again with the component's name as its first argument, or the program of that
// name in the assets folder if there is one.
//
// It must be called from the goroutine that "up" has locked to its thread: the kernel kills a child when the thread
// that started it ends, not when the process does.
func spawn(l layout, assets, name string, arguments []string) (*process, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	arguments = append([]string{name}, arguments...)
	if program := filepath.Join(assets, name); assets != "" {
		if _, err := os.Stat(program); err == nil {
			executable, arguments = program, arguments[1:]
		}
	}
	log, err := os.OpenFile(l.file(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(executable, arguments...)
	command.Stdout, command.Stderr = log, log
	command.Dir = l.dir
	command.SysProcAttr = dieWithParent()
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := &process{name: name, log: log.Name(), command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // how it ended is in command.ProcessState
		close(child.ended)
	}()
	return child, nil
}

// stop kills the child and waits until it is gone. There is nothing to be saved: etcd has what was acknowledged, and
// an orderly end of the API server would first wait for its watchers.
func (p *process) stop() {
	p.asked.Store(true)
	_ = p.command.Process.Kill()
	<-p.ended
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// failure describes a component that did not do what was expected of it, with the end of its log.
func (p *process) failure(what string) error {
	if !p.running() {
		what = "ended: " + p.command.ProcessState.String()
	}
	return fmt.Errorf("%s %s\n--- the end of %s\n%s", p.name, what, p.log, tail(p.log, 20))
}

func tail(path string, count int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}

// pollInterval is short: the API server is ready within seconds, and every run of the tests waits for it.
const pollInterval = 50 * time.Millisecond
