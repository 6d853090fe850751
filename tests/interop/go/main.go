// Command check verifies what Counterproof writes with golang.org/x/mod/sumdb/note and sumdb/tlog.
//
// It reads one JSON request a line and writes one JSON answer a line: {"ok": bool, "why": text, ...}.
package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	"golang.org/x/mod/sumdb/note"
)

type request struct {
	Op        string            `json:"op"`
	Data      []byte            `json:"data"`
	Text      string            `json:"text"`
	Keys      []string          `json:"keys"`
	Folder    string            `json:"folder"`
	Indexes   []int64           `json:"indexes"`
	Patch     map[string][]byte `json:"patch"`
	Path      string            `json:"path"`
	Prove     bool              `json:"prove"`
	Entry     []byte            `json:"entry"`
	Proof     [][]byte          `json:"proof"`
	Old, New  int64
	OldRoot   []byte `json:"old_root"`
	NewRoot   []byte `json:"new_root"`
	SignerKey string `json:"signer_key"`
}

type answer struct {
	OK       bool     `json:"ok"`
	Why      string   `json:"why,omitempty"`
	Text     string   `json:"text,omitempty"`
	Signers  []string `json:"signers,omitempty"`
	Accepted []int    `json:"accepted,omitempty"`
	Tried    int      `json:"tried,omitempty"`
}

func refused(err error) answer { return answer{Why: err.Error()} }

func answerTo(r *request) answer {
	switch r.Op {
	case "key":
		if _, err := verifiers(r.Keys); err != nil {
			return refused(err)
		}
		return answer{OK: true}
	case "note":
		return openNote(r)
	case "checkpoint":
		if _, err := readCheckpoint(r.Data, r.Keys); err != nil {
			return refused(err)
		}
		return answer{OK: true}
	case "sign":
		return sign(r)
	case "generate":
		secret, public, err := note.GenerateKey(rand.Reader, r.Text)
		if err != nil {
			return refused(err)
		}
		return answer{OK: true, Text: secret + " " + public}
	case "log":
		if err := checkLog(&folder{r.Folder, r.Patch}, r.Keys, r.Indexes, r.Prove); err != nil {
			return refused(err)
		}
		return answer{OK: true}
	case "flip log":
		return flipLog(r)
	case "receipt":
		if err := checkReceipt(r.Data, r.Entry, r.Keys); err != nil {
			return refused(err)
		}
		return answer{OK: true}
	case "flip receipt":
		return flip(r.Data, func(data []byte) error { return checkReceipt(data, r.Entry, r.Keys) })
	case "consistency":
		if err := checkConsistency(r); err != nil {
			return refused(err)
		}
		return answer{OK: true}
	}
	return answer{Why: "no operation " + r.Op}
}

func openNote(r *request) answer {
	known, err := verifiers(r.Keys)
	if err != nil {
		return refused(err)
	}
	opened, err := note.Open(r.Data, known)
	if err != nil {
		return refused(err)
	}
	var names []string
	for _, signature := range opened.Sigs {
		names = append(names, signature.Name)
	}
	sort.Strings(names)
	return answer{OK: true, Text: opened.Text, Signers: names}
}

func sign(r *request) answer {
	signer, err := note.NewSigner(r.SignerKey)
	if err != nil {
		return refused(err)
	}
	signed, err := note.Sign(&note.Note{Text: r.Text}, signer)
	if err != nil {
		return refused(err)
	}
	return answer{OK: true, Text: string(signed)}
}

// flip tries every single bit of some bytes and tells which flips the check lets through.
func flip(data []byte, check func([]byte) error) answer {
	accepted := []int{}
	for bit := 0; bit < len(data)*8; bit++ {
		data[bit/8] ^= 1 << (bit % 8)
		if check(data) == nil {
			accepted = append(accepted, bit)
		}
		data[bit/8] ^= 1 << (bit % 8)
	}
	if err := check(data); err != nil {
		return refused(fmt.Errorf("the unchanged bytes: %v", err))
	}
	return answer{OK: true, Accepted: accepted, Tried: len(data) * 8}
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := out.Encode(answerTo(&r)); err != nil {
			os.Exit(1)
		}
	}
	if lines.Err() != nil {
		fmt.Fprintln(os.Stderr, lines.Err())
		os.Exit(1)
	}
}
