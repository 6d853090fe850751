// Go's golang.org/x/mod/sumdb/tlog (Debian: golang-golang-x-mod-dev): append, prove, verify in memory, one core.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		found[i] = s[at]
	}
	return found, nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	count, err := strconv.ParseInt(os.Args[1], 10, 64)
	check(err)
	entry := make([]byte, 400)
	var hashes stored
	began := time.Now()
	for n := int64(0); n < count; n++ {
		copy(entry, strconv.FormatInt(n, 10))
		more, err := tlog.StoredHashes(n, entry, hashes)
		check(err)
		hashes = append(hashes, more...)
	}
	fmt.Printf("append %.0f\n", float64(count)/time.Since(began).Seconds())
	root, err := tlog.TreeHash(count, hashes)
	check(err)
	step := count/2000 + 1
	var proofs []tlog.RecordProof
	began = time.Now()
	for n := int64(0); n < count; n += step {
		proof, err := tlog.ProveRecord(count, n, hashes)
		check(err)
		proofs = append(proofs, proof)
	}
	fmt.Printf("prove %.0f\n", float64(len(proofs))/time.Since(began).Seconds())
	began = time.Now()
	for i, proof := range proofs {
		n := int64(i) * step
		check(tlog.CheckRecord(proof, count, root, n, hashes[tlog.StoredHashIndex(0, n)]))
	}
	fmt.Printf("verify %.0f\n", float64(len(proofs))/time.Since(began).Seconds())
}
