#!/bin/sh
# Makes the certificates that rcgen does not make: RSA keys, weak and unverifiable algorithms. Run in this folder; the
# keys are thrown away.
set -eu
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

rsa() { openssl genrsa -out "$keys/$1.key" "$2" 2>/dev/null; }
ec() { openssl ecparam -name "$2" -genkey -noout -out "$keys/$1.key"; }

ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'
leaf='subjectAltName=DNS:ds.example.com
extendedKeyUsage=serverAuth
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid'

# name key issuer extensions options...
issue() {
    name=$1 issuer=$2 extensions=$3
    shift 3
    openssl req -new -key "$keys/$name.key" -subj "/CN=$name" -out "$keys/$name.csr"
    printf '%s\n' "$extensions" >"$keys/$name.ext"
    if [ "$issuer" = self ]; then
        signer="-signkey $keys/$name.key"
    else
        signer="-CA $keys/$issuer.pem -CAkey $keys/$issuer.key -CAcreateserial"
    fi
    # shellcheck disable=SC2086
    openssl x509 -req -in "$keys/$name.csr" $signer -days 7300 -extfile "$keys/$name.ext" -out "$keys/$name.pem" "$@" 2>/dev/null
    openssl x509 -in "$keys/$name.pem" -outform DER -out "$name.der"
}

rsa rsa-root 2048 && issue rsa-root self "$ca" -sha256
rsa rsa-1024 1024 && issue rsa-1024 rsa-root "$ca" -sha1
rsa leaf-sha1-by-1024 2048 && issue leaf-sha1-by-1024 rsa-1024 "$leaf" -sha1
rsa leaf-sha384-by-1024 2048 && issue leaf-sha384-by-1024 rsa-1024 "$leaf" -sha384
rsa leaf-pss 3072 && issue leaf-pss rsa-root "$leaf" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
rsa leaf-pss-salt-20 2048 && issue leaf-pss-salt-20 rsa-root "$leaf" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20
rsa leaf-md5 2048 && issue leaf-md5 rsa-root "$leaf" -md5
ec p521-root secp521r1 && issue p521-root self "$ca" -sha512
ec leaf-by-p521 prime256v1 && issue leaf-by-p521 p521-root "$leaf" -sha512
ec leaf-sha256-by-p521 prime256v1 && issue leaf-sha256-by-p521 p521-root "$leaf" -sha256
rsa rsa-512 512 && issue rsa-512 self "$ca" -sha256
rsa leaf-md5-by-512 2048 && issue leaf-md5-by-512 rsa-512 "$leaf" -md5
ec p224-root secp224r1 && issue p224-root self "$ca" -sha256
ec leaf-by-p224 prime256v1 && issue leaf-by-p224 p224-root "$leaf" -sha256
ec p384-root secp384r1 && issue p384-root self "$ca" -sha384
ec leaf-sha1-by-p384 prime256v1 && issue leaf-sha1-by-p384 p384-root "$leaf" -sha1
ec leaf-sha512-by-p384 prime256v1 && issue leaf-sha512-by-p384 p384-root "$leaf" -sha512
ec leaf-k256 secp256k1 && issue leaf-k256 rsa-root "$leaf" -sha256
openssl genrsa -3 -out "$keys/leaf-exponent-3.key" 2048 2>/dev/null && issue leaf-exponent-3 rsa-root "$leaf" -sha256
openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$keys/leaf-pss-key.key" 2>/dev/null &&
    issue leaf-pss-key rsa-root "$leaf" -sha256
