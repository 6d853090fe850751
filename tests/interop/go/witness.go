package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	algorithmWitness = 4
)

// A witness verifies cosignatures of kind 0x04 (C2SP tlog-cosignature, Ed25519 signed message).
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func (w *witness) Verify(body, stamped []byte) bool {
	if len(stamped) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(stamped)
	message := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), body...)
	return ed25519.Verify(w.key, message, stamped[8:])
}

func newWitness(text string) (*witness, error) {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed witness key")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 1+ed25519.PublicKeySize || key[0] != algorithmWitness {
		return nil, errors.New("malformed witness key")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil || uint32(hash) != binary.BigEndian.Uint32(sum[:]) {
		return nil, errors.New("a witness key whose identifier does not fit")
	}
	return &witness{parts[0], uint32(hash), key[1:]}, nil
}

// verifiers reads keys: those of logs by sumdb/note, those of witnesses by us.
func verifiers(keys []string) (note.Verifiers, error) {
	var all []note.Verifier
	for _, key := range keys {
		v, err := note.NewVerifier(key)
		if err != nil {
			w, err2 := newWitness(key)
			if err2 != nil {
				return nil, fmt.Errorf("%v; %v", err, err2)
			}
			v = w
		}
		all = append(all, v)
	}
	return note.VerifierList(all...), nil
}
