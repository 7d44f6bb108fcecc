#!/bin/sh
# Serving certificates of Ringwall by hand, with openssl: a CA of their own, and a change of it without a failed request.
#
#   certificates.sh new FOLDER [SERVICE.NAMESPACE [NAME...]]   a CA and a certificate
#   certificates.sh renew FOLDER                               another certificate of the same CA
#   certificates.sh next-ca FOLDER                             change of the CA, 1: the next CA beside the old one
#   certificates.sh next-leaf FOLDER                           change of the CA, 2: a certificate of the next CA
#   certificates.sh end FOLDER                                 change of the CA, 3: the old CA out
#
# In FOLDER: ca-bundle.crt is what API servers are to trust, tls.crt and tls.key are what Ringwall serves with, ca.key signs. Keep the folder
# away from others and out of every repository. Days: CA_DAYS (1825) and LEAF_DAYS (90).
set -eu
umask 077

fail() {
    echo "certificates.sh: $*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set /s/^# \{0,1\}//p' "$0" | sed '$d' >&2
    exit 2
}

# A new P-256 key and a CA's certificate: ca NAME
ca() {
    [ ! -e "$folder/$1.key" ] || fail "$folder/$1.key is there already"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha256 -nodes -days "${CA_DAYS:-1825}" \
        -subj "/CN=ringwall CA $(openssl rand -hex 4)" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -keyout "$folder/$1.key" -out "$folder/$1.crt" 2>/dev/null
}

# A new P-256 key and a certificate for the names in names.txt, signed by a CA: leaf CA. Both are put in place when they are whole.
leaf() {
    names=$(cat "$folder/names.txt")
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha256 -nodes -subj "/CN=ringwall" \
        -keyout "$folder/tls.key.part" -out "$folder/tls.csr" 2>/dev/null
    printf '%s\n' "basicConstraints=critical,CA:FALSE" "keyUsage=critical,digitalSignature" "extendedKeyUsage=serverAuth" \
        "subjectAltName=$names" >"$folder/tls.ext"
    openssl x509 -req -in "$folder/tls.csr" -CA "$folder/$1.crt" -CAkey "$folder/$1.key" -sha256 \
        -set_serial "0x00$(openssl rand -hex 16)" -days "${LEAF_DAYS:-90}" -extfile "$folder/tls.ext" -out "$folder/tls.crt.part" 2>/dev/null
    rm "$folder/tls.csr" "$folder/tls.ext"
    # Nothing is served that API servers would not trust.
    openssl verify -purpose sslserver -CAfile "$folder/ca-bundle.crt" "$folder/tls.crt.part" >/dev/null ||
        fail "ca-bundle.crt does not know the new certificate"
    mv "$folder/tls.key.part" "$folder/tls.key"
    mv "$folder/tls.crt.part" "$folder/tls.crt"
}

# subjectAltName: the Service's names, and others; what looks like an address is one.
names() {
    text="DNS:$1.svc,DNS:$1.svc.cluster.local"
    shift
    for name; do
        case "$name" in
        *:* | *[0-9].[0-9]*[0-9]) text="$text,IP:$name" ;;
        *) text="$text,DNS:$name" ;;
        esac
    done
    printf '%s\n' "$text"
}

say_secret() {
    cat <<TEXT
Put it where Ringwall reads it; it takes it in by itself, within a minute or two:

  kubectl create secret tls ringwall-tls --namespace ringwall --cert=$folder/tls.crt --key=$folder/tls.key \\
    --dry-run=client --output=yaml | kubectl apply --server-side --force-conflicts --filename=-
TEXT
}

say_bundle() {
    cat <<TEXT
Tell API servers whom to trust:

  helm upgrade ringwall charts/ringwall --namespace ringwall --reset-then-reuse-values --set certificates.mode=files \\
    --set certificates.files.secretName=ringwall-tls --set-file certificates.files.caBundle=$folder/ca-bundle.crt
TEXT
}

[ $# -ge 2 ] || usage
step=$1
folder=$2
shift 2

case "$step" in
new)
    mkdir -p "$folder"
    ca ca
    cp "$folder/ca.crt" "$folder/ca-bundle.crt"
    [ $# -gt 0 ] || set -- ringwall.ringwall
    names "$@" >"$folder/names.txt"
    leaf ca
    say_secret
    echo
    say_bundle
    ;;
renew)
    [ ! -e "$folder/next-ca.crt" ] || fail "the CA is being changed: next-leaf, then end"
    leaf ca
    say_secret
    ;;
next-ca)
    ca next-ca
    cat "$folder/ca.crt" "$folder/next-ca.crt" >"$folder/ca-bundle.crt"
    # Both the certificate that is served and the one to come are known from now on.
    openssl verify -CAfile "$folder/ca-bundle.crt" "$folder/tls.crt" >/dev/null || fail "ca-bundle.crt does not know tls.crt"
    say_bundle
    echo
    echo "Then wait a minute, until every API server has heard, and go on with: $0 next-leaf $folder"
    ;;
next-leaf)
    [ -e "$folder/next-ca.crt" ] || fail "there is no next CA: begin with next-ca"
    leaf next-ca
    say_secret
    echo
    echo "When every replica serves it (ringwall_certificate_expiry_timestamp_seconds), go on with: $0 end $folder"
    ;;
end)
    [ -e "$folder/next-ca.crt" ] || fail "there is no next CA"
    openssl verify -CAfile "$folder/next-ca.crt" "$folder/tls.crt" >/dev/null 2>&1 ||
        fail "tls.crt is still one of the old CA: next-leaf comes first"
    mv "$folder/next-ca.key" "$folder/ca.key"
    mv "$folder/next-ca.crt" "$folder/ca.crt"
    cp "$folder/ca.crt" "$folder/ca-bundle.crt"
    say_bundle
    ;;
*) usage ;;
esac
