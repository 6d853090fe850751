// The load generator of benchmarks/gate; prints one line of JSON.
//
//	load PORT BODIES CONNECTIONS WARM_S SECONDS RATE [HEADER...]     RATE 0: each connection asks as soon as it may
//	load PORT BODIES STREAMS CHUNKS GAP_US ROUNDS stream [HEADER...]
//
// BODIES: a file of requests' bodies, one a line, sent in turn. With a rate, requests are due at fixed times and their
// latency counts from when they were due, whether or not a connection was free: what waits is not left out. All
// latencies are kept and sorted: percentiles are exact. What was due in the first WARM_S seconds is not counted.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

type tally struct {
	sync.Mutex
	took     []int64
	served   int64
	first    []int64
	errors   int
	firstErr string
}

func (t *tally) failed(why string) {
	t.Lock()
	defer t.Unlock()
	t.errors++
	if t.firstErr == "" {
		t.firstErr = why
	}
}

type client struct {
	port string
	to   net.Conn
	in   *bufio.Reader
}

func (c *client) open() error {
	if c.to != nil {
		return nil
	}
	to, err := net.DialTimeout("tcp", "127.0.0.1:"+c.port, 5*time.Second)
	if err != nil {
		return err
	}
	c.to, c.in = to, bufio.NewReaderSize(to, 65536)
	return nil
}

func (c *client) close() {
	if c.to != nil {
		c.to.Close()
		c.to = nil
	}
}

// What the head of a reply says: its length (-1: in chunks), whether the connection ends, what is wrong with it.
func (c *client) head() (int, bool, string) {
	length, isLast, isFirst, status := 0, false, true, ""
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, true, err.Error()
		}
		text := strings.TrimRight(string(line), "\r\n")
		if isFirst {
			isFirst = false
			if len(text) < 12 || text[9:12] != "200" {
				status = text
			}
			continue
		}
		if text == "" {
			return length, isLast, status
		}
		name, value, _ := strings.Cut(text, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			length, _ = strconv.Atoi(value)
		case "transfer-encoding":
			length = -1
		case "connection":
			isLast = isLast || strings.EqualFold(value, "close")
		}
	}
}

func (c *client) chunk() ([]byte, error) {
	line, err := c.in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
	if err != nil {
		return nil, err
	}
	held := make([]byte, size+2)
	_, err = io.ReadFull(c.in, held)
	return held[:size], err
}

// One request and its whole reply; empty if all went well.
func (c *client) ask(raw []byte) string {
	if err := c.open(); err != nil {
		return err.Error()
	}
	c.to.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := c.to.Write(raw); err != nil {
		c.close()
		return err.Error()
	}
	length, isLast, wrong := c.head()
	var said []byte
	var err error
	if length >= 0 && wrong == "" {
		_, err = c.in.Discard(length)
	} else if length >= 0 {
		said = make([]byte, length)
		_, err = io.ReadFull(c.in, said)
	} else {
		for part := []byte{1}; len(part) > 0 && err == nil; {
			part, err = c.chunk()
		}
	}
	if err != nil || isLast {
		c.close()
	}
	if err != nil {
		return err.Error()
	}
	if wrong != "" && len(said) > 200 {
		said = said[:200]
	}
	return strings.TrimSpace(wrong + " " + string(said))
}

func requests(path string, port string, headers []string, isStream bool) [][]byte {
	held, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var made [][]byte
	for _, body := range bytes.Split(bytes.TrimSpace(held), []byte("\n")) {
		if isStream {
			body = append([]byte(`{"stream":true,`), body[1:]...)
		}
		head := "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:" + port + "\r\ncontent-type: application/json\r\n"
		for _, header := range headers {
			head += header + "\r\n"
		}
		made = append(made, append([]byte(fmt.Sprintf("%scontent-length: %d\r\n\r\n", head, len(body))), body...))
	}
	return made
}

func closedLoop(port string, raw [][]byte, connections int, warm, lasting time.Duration) (*tally, time.Duration) {
	var all tally
	var group sync.WaitGroup
	var turn int64
	begun := time.Now()
	counts, ends := begun.Add(warm), begun.Add(warm+lasting)
	for n := 0; n < connections; n++ {
		group.Add(1)
		go func() {
			defer group.Done()
			c, took := client{port: port}, make([]int64, 0, 65536)
			defer c.close()
			for {
				at := time.Now()
				if at.After(ends) {
					break
				}
				wrong := c.ask(raw[int(atomic.AddInt64(&turn, 1))%len(raw)])
				if wrong != "" {
					all.failed(wrong)
					time.Sleep(time.Millisecond)
					continue
				}
				atomic.AddInt64(&all.served, 1)
				if at.After(counts) {
					took = append(took, int64(time.Since(at)))
				}
			}
			all.Lock()
			all.took = append(all.took, took...)
			all.Unlock()
		}()
	}
	group.Wait()
	return &all, time.Since(counts)
}

func openLoop(port string, raw [][]byte, connections int, warm, lasting time.Duration, rate float64) (*tally, time.Duration) {
	var all tally
	var group sync.WaitGroup
	due := make(chan time.Time, 1<<20)
	begun := time.Now()
	counts := begun.Add(warm)
	var turn int64
	for n := 0; n < connections; n++ {
		group.Add(1)
		go func() {
			defer group.Done()
			c := client{port: port}
			defer c.close()
			for at := range due {
				wrong := c.ask(raw[int(atomic.AddInt64(&turn, 1))%len(raw)])
				if wrong != "" {
					all.failed(wrong)
					continue
				}
				atomic.AddInt64(&all.served, 1)
				if at.After(counts) {
					took := int64(time.Since(at))
					all.Lock()
					all.took = append(all.took, took)
					all.Unlock()
				}
			}
		}()
	}
	step := time.Duration(float64(time.Second) / rate)
	for at := begun; at.Sub(begun) < warm+lasting; at = at.Add(step) {
		time.Sleep(time.Until(at))
		due <- at
	}
	close(due)
	group.Wait()
	return &all, time.Since(counts)
}

const stampDigits = 19

// What is said in events that are whole, one after the other: a proxy may cut and join texts as it likes.
func text(events []byte, into []byte) []byte {
	begins := []byte(`"content":"`)
	for {
		at := bytes.Index(events, begins)
		if at < 0 {
			return into
		}
		events = events[at+len(begins):]
		end := bytes.IndexByte(events, '"')
		if end < 0 {
			return into
		}
		into = append(into, events[:end]...)
		events = events[end:]
	}
}

// The times of sending that stand whole in a text, and what is left of it.
func sent(said []byte, stamps []int64) ([]byte, []int64) {
	for {
		at := bytes.Index(said, []byte(" t1"))
		if at < 0 || len(said) < at+2+stampDigits {
			return said, stamps
		}
		if stamp, err := strconv.ParseInt(string(said[at+2:at+2+stampDigits]), 10, 64); err == nil {
			stamps = append(stamps, stamp)
		}
		said = said[at+2+stampDigits:]
	}
}

func (c *client) stream(raw []byte, chunks int, isCounted bool, all *tally) string {
	if err := c.open(); err != nil {
		return err.Error()
	}
	c.to.SetDeadline(time.Now().Add(120 * time.Second))
	asked := time.Now()
	if _, err := c.to.Write(raw); err != nil {
		return err.Error()
	}
	_, isLast, wrong := c.head()
	if wrong != "" {
		c.close()
		return wrong
	}
	var took, stamps []int64
	var first int64
	var rest, said []byte
	for {
		part, err := c.chunk()
		at := time.Now()
		if err != nil {
			c.close()
			return err.Error()
		}
		if len(part) == 0 {
			break
		}
		if first == 0 {
			first = int64(at.Sub(asked))
		}
		rest = append(rest, part...)
		whole := bytes.LastIndexByte(rest, '\n') + 1
		said, stamps = sent(text(rest[:whole], said), stamps[:0])
		rest = append(rest[:0], rest[whole:]...)
		for _, stamp := range stamps {
			took = append(took, at.UnixNano()-stamp)
		}
	}
	if isLast {
		c.close()
	}
	if len(took) != chunks {
		return fmt.Sprintf("%d chunks of %d", len(took), chunks)
	}
	if isCounted {
		all.Lock()
		all.took, all.first = append(all.took, took...), append(all.first, first)
		all.Unlock()
	}
	return ""
}

func streams(port string, raw [][]byte, many, chunks, rounds int) *tally {
	var all tally
	var group sync.WaitGroup
	for n := 0; n < many; n++ {
		group.Add(1)
		go func(n int) {
			defer group.Done()
			c := client{port: port}
			defer c.close()
			time.Sleep(time.Duration(n) * 313 * time.Microsecond) // not all at one moment
			for round := 0; round < rounds; round++ {
				if wrong := c.stream(raw[(n*rounds+round)%len(raw)], chunks, round > 0, &all); wrong != "" {
					all.failed(wrong)
				}
			}
		}(n)
	}
	group.Wait()
	return &all
}

func at(sorted []int64, share float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	n := int(share * float64(len(sorted)))
	if n >= len(sorted) {
		n = len(sorted) - 1
	}
	return float64(sorted[n]) / 1000
}

func ordered(of []int64) []int64 {
	sort.Slice(of, func(a, b int) bool { return of[a] < of[b] })
	return of
}

func main() {
	runtime.GOMAXPROCS(1)
	given := os.Args[1:]
	port, path := given[0], given[1]
	many, _ := strconv.Atoi(given[2])
	said := map[string]interface{}{}
	var all *tally
	if len(given) > 6 && given[6] == "stream" {
		chunks, _ := strconv.Atoi(given[3])
		rounds, _ := strconv.Atoi(given[5])
		headers := append([]string{"x-chunks: " + given[3], "x-gap-us: " + given[4]}, given[7:]...)
		all = streams(port, requests(path, port, headers, true), many, chunks, rounds)
		first := ordered(all.first)
		said["first_p50_us"], said["first_p99_us"] = at(first, 0.5), at(first, 0.99)
	} else {
		warm, _ := strconv.ParseFloat(given[3], 64)
		lasting, _ := strconv.ParseFloat(given[4], 64)
		rate, _ := strconv.ParseFloat(given[5], 64)
		raw := requests(path, port, given[6:], false)
		second := float64(time.Second)
		var took time.Duration
		if rate > 0 {
			all, took = openLoop(port, raw, many, time.Duration(warm*second), time.Duration(lasting*second), rate)
		} else {
			all, took = closedLoop(port, raw, many, time.Duration(warm*second), time.Duration(lasting*second))
		}
		said["rate"] = float64(len(all.took)) / took.Seconds()
	}
	took := ordered(all.took)
	said["n"], said["served"], said["errors"], said["first_error"] = len(took), all.served, all.errors, all.firstErr
	said["p50_us"], said["p99_us"], said["max_us"] = at(took, 0.5), at(took, 0.99), at(took, 1)
	json.NewEncoder(os.Stdout).Encode(said)
}
