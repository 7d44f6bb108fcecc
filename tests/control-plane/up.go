package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// ready is the first line that "up" writes to its standard output.
type ready struct {
	Kubeconfig string `json:"kubeconfig"`
	AuditLog   string `json:"auditLog"`
	Dir        string `json:"dir"`
	Server     string `json:"server"`
	CA         string `json:"ca"`
}

// up starts a control plane and looks after it until its standard input ends or it is told to stop by a signal.
//
// Its parent holds the other end of standard input and so needs no clean-up of its own: when the parent is gone, in
// whatever way, the pipe closes, the components are killed and the temporary folder is removed. (A folder that was
// named with --dir is kept, for its logs, and so is the folder of an "up" that is itself killed outright.) Each line
// of standard input is a command, answered by one line of standard output when it is done:
//
//	stop COMPONENT                ->  stopped COMPONENT    when the process is gone
//	start COMPONENT [FLAGS...]    ->  started COMPONENT    when it is healthy; the same ports, the same data
//	pause COMPONENT               ->  paused COMPONENT     it keeps its connections and answers nothing
//	resume COMPONENT              ->  resumed COMPONENT    it goes on where it was
//	anything that fails           ->  error: REASON        with the end of the log on standard error
func up(arguments []string) int {
	// Children die with the thread that started them; see spawn.
	runtime.LockOSThread()

	flags := flag.NewFlagSet("up", flag.ExitOnError)
	dir := flags.String("dir", "", "folder for data and logs, kept at the end (default: a temporary one)")
	assets := flags.String("assets", "", "folder of programs (etcd, kube-apiserver, ...) used instead of those built in")
	_ = flags.Parse(arguments) // ExitOnError: it does not return with an error.

	folder, remove, err := makeFolder(*dir)
	if err != nil {
		return fail(err)
	}
	defer remove()

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	// Read from the beginning, so that a parent that dies during the start is noticed.
	commands := make(chan []string)
	go readCommands(ctx, cancel, commands)

	control, err := newPlane(folder, *assets)
	if err != nil {
		return fail(err)
	}
	defer control.stopAll()
	if err := control.startAll(ctx); err != nil {
		if ctx.Err() != nil {
			err = errors.New("standard input ended, or a signal came, before the control plane was ready")
		}
		return fail(err)
	}
	_ = json.NewEncoder(os.Stdout).Encode(ready{
		Kubeconfig: control.layout.kubeconfig(admin),
		AuditLog:   control.layout.auditLog(),
		Dir:        folder,
		Server:     control.layout.serverURL(),
		CA:         control.layout.certificate(authority),
	})
	for {
		select {
		case <-ctx.Done():
			return 0
		case command := <-commands:
			fmt.Println(control.obey(ctx, command))
		}
	}
}

// obey does what one line says and returns the answer.
func (p *plane) obey(ctx context.Context, command []string) string {
	if len(command) < 2 {
		return "error: expected: start|stop|pause|resume COMPONENT [FLAGS...]"
	}
	verb, name := command[0], command[1]
	var err error
	var done string
	switch verb {
	case "start":
		done, err = "started "+name, p.start(ctx, name, command[2:])
	case "stop":
		done, err = "stopped "+name, p.stop(name)
	case "pause":
		done, err = "paused "+name, p.signal(name, syscall.SIGSTOP)
	case "resume":
		done, err = "resumed "+name, p.signal(name, syscall.SIGCONT)
	default:
		err = fmt.Errorf("unknown command %q", verb)
	}
	if err != nil {
		// The answer is one line; what follows is the end of a log, for whoever reads standard error.
		first, _, more := strings.Cut(err.Error(), "\n")
		if more {
			fmt.Fprintln(os.Stderr, "control-plane:", err)
		}
		return "error: " + first
	}
	return done
}

func readCommands(ctx context.Context, ended context.CancelFunc, commands chan<- []string) {
	defer ended()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		select {
		case commands <- strings.Fields(lines.Text()):
		case <-ctx.Done():
			return
		}
	}
}

// makeFolder returns the folder and what removes it.
func makeFolder(dir string) (string, func(), error) {
	if dir == "" {
		folder, err := os.MkdirTemp("", "control-plane-")
		return folder, func() { _ = os.RemoveAll(folder) }, err
	}
	folder, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, err
	}
	return folder, func() {}, os.MkdirAll(folder, 0o700)
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "control-plane:", err)
	return 1
}
