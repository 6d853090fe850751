package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8 // C2SP tlog-tiles: 256 hashes a tile

// A folder holds a log's files; a patch takes the place of some of them.
type folder struct {
	path  string
	patch map[string][]byte
}

func (f *folder) read(name string) ([]byte, error) {
	if data, ok := f.patch[name]; ok {
		return data, nil
	}
	return os.ReadFile(filepath.Join(f.path, name))
}

// path writes a tile's place as C2SP tlog-tiles does, where sumdb's has the height and another word for entries.
func path(t tlog.Tile) string {
	level, n := strconv.Itoa(t.L), fmt.Sprintf("%03d", t.N%1000)
	if t.L == -1 {
		level = "entries"
	}
	for rest := t.N / 1000; rest > 0; rest /= 1000 {
		n = fmt.Sprintf("x%03d/%s", rest%1000, n)
	}
	if t.W != 1<<height {
		n += fmt.Sprintf(".p/%d", t.W)
	}
	return "tile/" + level + "/" + n
}

func (f *folder) Height() int                     { return height }
func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles gives tiles as they lie there: tlog.TileHashReader finds out whether they are right.
func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.tile(tile, tlog.HashSize)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f *folder) tile(t tlog.Tile, each int) ([]byte, error) {
	data, err := f.read(path(t))
	if errors.Is(err, os.ErrNotExist) && t.W != 1<<height {
		full := t
		full.W = 1 << height
		data, err = f.read(path(full))
		if err == nil && each > 0 && len(data) >= t.W*each {
			data = data[:t.W*each]
		}
	}
	return data, err
}

// entry takes one entry out of the bundle it lies in (C2SP tlog-tiles, log entries).
func (f *folder) entry(index, size int64) ([]byte, error) {
	bundle := tlog.Tile{H: height, L: -1, N: index >> height, W: 1 << height}
	if full := size >> height; bundle.N == full {
		bundle.W = int(size & (1<<height - 1))
	}
	data, err := f.tile(bundle, 0)
	if err != nil {
		return nil, err
	}
	for i := int64(0); ; i++ {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, errors.New("a bundle of entries that ends early")
		}
		length := 2 + int(binary.BigEndian.Uint16(data))
		if i == index&(1<<height-1) {
			return data[2:length], nil
		}
		data = data[length:]
	}
}

// readCheckpoint opens a checkpoint with sumdb/note and reads its three lines (C2SP tlog-checkpoint).
func readCheckpoint(data []byte, keys []string) (tree tlog.Tree, err error) {
	known, err := verifiers(keys)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(data, known)
	if err != nil {
		return tree, err
	}
	log := strings.SplitN(keys[0], "+", 2)[0]
	if signed := opened.Sigs[0].Name; len(opened.Sigs) < len(keys) {
		return tree, fmt.Errorf("%d of %d keys signed, first %s", len(opened.Sigs), len(keys), signed)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, errors.New("a checkpoint that has not three lines")
	}
	if lines[0] != log {
		return tree, fmt.Errorf("a checkpoint of %q signed by %q", lines[0], log)
	}
	if tree.N, err = number(lines[1]); err != nil {
		return tree, err
	}
	tree.Hash, err = hash(lines[2])
	return tree, err
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, fmt.Errorf("%q is no number in its one form", text)
	}
	return n, nil
}

func hash(text string) (h tlog.Hash, err error) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(data) != tlog.HashSize {
		return h, fmt.Errorf("%q is no hash", text)
	}
	copy(h[:], data)
	return h, nil
}

// checkLog proves that entries of a folder are those of its checkpoint: through tiles that are checked up to the root,
// and, where asked for, through an inclusion proof for each that is made of them.
func checkLog(f *folder, keys []string, indexes []int64, prove bool) error {
	data, err := f.read("checkpoint")
	if err != nil {
		return err
	}
	tree, err := readCheckpoint(data, keys)
	if err != nil {
		return err
	}
	if indexes == nil {
		for i := int64(0); i < tree.N; i++ {
			indexes = append(indexes, i)
		}
	}
	reader := tlog.TileHashReader(tree, f)
	var stored []int64
	for _, index := range indexes {
		if index >= tree.N {
			return fmt.Errorf("no entry %d", index)
		}
		stored = append(stored, tlog.StoredHashIndex(0, index))
	}
	hashes, err := reader.ReadHashes(stored)
	if err != nil {
		return err
	}
	for i, index := range indexes {
		entry, err := f.entry(index, tree.N)
		if err != nil {
			return err
		}
		if tlog.RecordHash(entry) != hashes[i] {
			return fmt.Errorf("entry %d is not the one of the tree", index)
		}
		if !prove {
			continue
		}
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
			return err
		}
	}
	return nil
}

func flipLog(r *request) answer {
	data, err := (&folder{path: r.Folder}).read(r.Path)
	if err != nil {
		return refused(err)
	}
	return flip(data, func(changed []byte) error {
		return checkLog(&folder{r.Folder, map[string][]byte{r.Path: changed}}, r.Keys, r.Indexes, r.Prove)
	})
}

// checkReceipt reads a C2SP tlog-proof and has sumdb/tlog check it.
func checkReceipt(data, entry []byte, keys []string) error {
	cut := bytes.Index(data, []byte("\n\n"))
	if cut < 0 {
		return errors.New("a proof without a checkpoint")
	}
	lines := strings.Split(string(data[:cut]), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" || len(lines) < 2 {
		return errors.New("not a tlog-proof")
	}
	lines = lines[1:]
	if extra := strings.TrimPrefix(lines[0], "extra "); extra != lines[0] {
		if _, err := base64.StdEncoding.Strict().DecodeString(extra); err != nil {
			return err
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("a proof without an index")
	}
	index, err := number(lines[0][len("index "):])
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		h, err := hash(line)
		if err != nil {
			return err
		}
		proof = append(proof, h)
	}
	tree, err := readCheckpoint(data[cut+2:], keys)
	if err != nil {
		return err
	}
	if index >= tree.N {
		return errors.New("an index beyond the tree") // tlog.CheckRecord panics there
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func checkConsistency(r *request) error {
	var before, after tlog.Hash
	if len(r.OldRoot) != tlog.HashSize || len(r.NewRoot) != tlog.HashSize {
		return errors.New("not a hash")
	}
	copy(before[:], r.OldRoot)
	copy(after[:], r.NewRoot)
	var proof tlog.TreeProof
	for _, data := range r.Proof {
		var h tlog.Hash
		if len(data) != tlog.HashSize {
			return errors.New("not a hash")
		}
		copy(h[:], data)
		proof = append(proof, h)
	}
	if r.Old < 1 || r.Old > r.New {
		return errors.New("sizes that no proof is about")
	}
	return tlog.CheckTree(proof, r.New, after, r.Old, before)
}
