// The upstream of every system in benchmarks/gate: one fixed reply, or a stream whose chunks say when they were sent.
//
//	upstream PORT
//
// X-Chunks and X-Gap-Us, or `"max_tokens"` where a proxy drops headers, say how many chunks a stream has and how many
// microseconds stand between them. Each chunk's text begins with `t` and the nanoseconds of its sending.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const words = "A parcel that is sent before noon is on its way the same day, and the notice with its number follows by " +
	"mail. If the address was wrong, write to us with the number of your order and we correct it before it leaves. " +
	"Where something arrives broken we send another at no cost; keep the box, since the carrier may ask for it. "

func reply() []byte {
	said := words + words[:136]
	body := fmt.Sprintf(`{"id":"chatcmpl-bench","object":"chat.completion","created":1767225600,"model":"bench",`+
		`"choices":[{"index":0,"message":{"role":"assistant","content":"%s"},"finish_reason":"stop"}],`+
		`"usage":{"prompt_tokens":1620,"completion_tokens":96,"total_tokens":1716}}`, said)
	return []byte(fmt.Sprintf("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s",
		len(body), body))
}

// Nanoseconds of the machine's monotonic clock are shared by no two processes in Go; those since 1970 are.
func now() int64 { return time.Now().UnixNano() }

type asked struct {
	length   int
	chunks   int
	gap      time.Duration
	isClosed bool
}

func head(in *bufio.Reader) (asked, error) {
	found := asked{chunks: 200, gap: 5 * time.Millisecond}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return found, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return found, nil
		}
		at := bytes.IndexByte(line, ':')
		if at < 0 {
			continue
		}
		name, value := strings.ToLower(string(line[:at])), strings.TrimSpace(string(line[at+1:]))
		switch name {
		case "content-length":
			found.length, _ = strconv.Atoi(value)
		case "x-chunks":
			found.chunks, _ = strconv.Atoi(value)
		case "x-gap-us":
			us, _ := strconv.Atoi(value)
			found.gap = time.Duration(us) * time.Microsecond
		case "connection":
			found.isClosed = strings.EqualFold(value, "close")
		case "transfer-encoding":
			found.length = -1
		}
	}
}

func body(in *bufio.Reader, length int) ([]byte, error) {
	if length >= 0 {
		held := make([]byte, length)
		_, err := io.ReadFull(in, held)
		return held, err
	}
	var held []byte
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return held, err
		}
		size, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err != nil {
			return held, err
		}
		part := make([]byte, size+2)
		if _, err := io.ReadFull(in, part); err != nil {
			return held, err
		}
		if size == 0 {
			return held, nil
		}
		held = append(held, part[:size]...)
	}
}

func event(out *bytes.Buffer, said string) {
	data := "data: " + said + "\n\n"
	fmt.Fprintf(out, "%x\r\n%s\r\n", len(data), data)
}

func stream(to net.Conn, wanted asked) error {
	var out bytes.Buffer
	out.WriteString("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
	due := time.Now()
	for n := 0; n < wanted.chunks; n++ {
		due = due.Add(wanted.gap)
		time.Sleep(time.Until(due))
		event(&out, fmt.Sprintf(`{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,`+
			`"model":"bench","choices":[{"index":0,"delta":{"content":" t%d harbour"},"finish_reason":null}]}`, now()))
		if _, err := to.Write(out.Bytes()); err != nil {
			return err
		}
		out.Reset()
	}
	event(&out, `{"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1767225600,"model":"bench",`+
		`"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`)
	event(&out, "[DONE]")
	out.WriteString("0\r\n\r\n")
	_, err := to.Write(out.Bytes())
	return err
}

func serve(to net.Conn, fixed []byte) {
	defer to.Close()
	in := bufio.NewReaderSize(to, 32768)
	for {
		wanted, err := head(in)
		if err != nil {
			return
		}
		held, err := body(in, wanted.length)
		if err != nil {
			return
		}
		isStream := bytes.Contains(held, []byte(`"stream":true`)) || bytes.Contains(held, []byte(`"stream": true`))
		if isStream {
			err = stream(to, wanted)
		} else {
			_, err = to.Write(fixed)
		}
		if err != nil || wanted.isClosed {
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fixed := reply()
	for {
		to, err := listener.Accept()
		if err != nil {
			return
		}
		go serve(to, fixed)
	}
}
