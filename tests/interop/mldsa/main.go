// Command mldsa verifies ML-DSA-44 cosignatures (C2SP tlog-cosignature) with Go's own crypto/mldsa, from Go 1.27 on.
//
// It reads one JSON request a line and writes one JSON answer a line: {"ok": bool, "why": text}.
package main

import (
	"bufio"
	"bytes"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"
)

const kind = 6

type request struct {
	Key       string `json:"key"`
	Data      []byte `json:"data"`
	Public    []byte `json:"public"`
	Message   []byte `json:"message"`
	Signature []byte `json:"signature"`
}

type answer struct {
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
}

func verify(public, message, signature []byte) error {
	key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), public)
	if err != nil {
		return err
	}
	return mldsa.Verify(key, message, signature, nil)
}

// short writes an opaque<1..2^8-1> of RFC 8446, section 3.4.
func short(text string) []byte { return append([]byte{byte(len(text))}, text...) }

func cosigned(key string, data []byte) error {
	fields := strings.SplitN(key, "+", 3)
	if len(fields) != 3 {
		return errors.New("not a key")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(raw) == 0 || raw[0] != kind {
		return errors.New("not a key of this type")
	}
	id := sha256.Sum256(append([]byte(fields[0]+"\n"), raw...))
	if hex.EncodeToString(id[:4]) != fields[1] {
		return errors.New("an identifier that does not fit")
	}
	body, lines, found := bytes.Cut(data, []byte("\n\n"))
	if !found {
		return errors.New("not a note")
	}
	prefix := "\u2014 " + fields[0] + " "
	for _, line := range strings.Split(string(lines), "\n") {
		encoded, ours := strings.CutPrefix(line, prefix)
		stamped, err := base64.StdEncoding.Strict().DecodeString(encoded)
		if !ours || err != nil || len(stamped) < 12 || !bytes.Equal(stamped[:4], id[:4]) {
			continue
		}
		message, err := signed(fields[0], stamped[4:12], string(body))
		if err != nil {
			return err
		}
		return verify(raw[1:], message, stamped[12:])
	}
	return errors.New("not signed by this key")
}

// signed is the cosigned_message of the specification.
func signed(name string, time []byte, body string) ([]byte, error) {
	lines := strings.Split(body, "\n")
	if len(lines) != 3 {
		return nil, errors.New("not a checkpoint")
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	if err != nil {
		return nil, err
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return nil, errors.New("not a root")
	}
	message := append([]byte("subtree/v1\n\x00"), short(name)...)
	message = append(message, time...)
	message = append(message, short(lines[0])...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, size)
	return append(message, root...), nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		err := json.Unmarshal(lines.Bytes(), &r)
		if err == nil && r.Public != nil {
			err = verify(r.Public, r.Message, r.Signature)
		} else if err == nil {
			err = cosigned(r.Key, r.Data)
		}
		reply := answer{OK: err == nil}
		if err != nil {
			reply.Why = err.Error()
		}
		if out.Encode(reply) != nil {
			os.Exit(1)
		}
	}
}
