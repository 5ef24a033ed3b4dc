// The same small application for net/http. usage: web PORT [CERT KEY | MOST], where MOST is how many connections it may have
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

// As netutil.LimitListener of golang.org/x/net: a connection is accepted when there is a place for it.
type limited struct {
	net.Listener
	places chan bool
}

type placed struct {
	net.Conn
	once   sync.Once
	places chan bool
}

func (listener limited) Accept() (net.Conn, error) {
	listener.places <- true
	connection, err := listener.Listener.Accept()
	if err != nil {
		<-listener.places
		return nil, err
	}
	return &placed{Conn: connection, places: listener.places}, nil
}

func (connection *placed) Close() error {
	err := connection.Conn.Close()
	connection.once.Do(func() { <-connection.places })
	return err
}

func main() {
	http.HandleFunc("/", func(reply http.ResponseWriter, _ *http.Request) { fmt.Fprintln(reply, "hello") })
	http.HandleFunc("/upload", func(reply http.ResponseWriter, request *http.Request) {
		io.Copy(io.Discard, request.Body)
		fmt.Fprintln(reply, "hello")
	})
	http.HandleFunc("/up", func(reply http.ResponseWriter, _ *http.Request) {
		if answer, err := http.Get("http://127.0.0.1:18081/wait/1500"); err == nil {
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
		fmt.Fprintln(reply, "hello")
	})
	http.HandleFunc("/events", func(reply http.ResponseWriter, request *http.Request) {
		reply.Header().Set("Content-Type", "text/event-stream")
		for request.Context().Err() == nil {
			fmt.Fprint(reply, "data: tick\n\n")
			reply.(http.Flusher).Flush()
			time.Sleep(200 * time.Millisecond)
		}
	})
	http.HandleFunc("/wait/700", func(reply http.ResponseWriter, _ *http.Request) {
		time.Sleep(700 * time.Millisecond)
		fmt.Fprintln(reply, "hello")
	})
	var lock sync.Mutex
	http.HandleFunc("/lock", func(reply http.ResponseWriter, _ *http.Request) {
		lock.Lock()
		time.Sleep(300 * time.Millisecond)
		lock.Unlock()
		fmt.Fprintln(reply, "hello")
	})
	address := "127.0.0.1:" + os.Args[1]
	if len(os.Args) > 3 {
		panic(http.ListenAndServeTLS(address, os.Args[2], os.Args[3], nil))
	}
	if len(os.Args) > 2 {
		most, _ := strconv.Atoi(os.Args[2])
		listener, err := net.Listen("tcp", address)
		if err != nil {
			panic(err)
		}
		panic(http.Serve(limited{listener, make(chan bool, most)}, nil))
	}
	panic(http.ListenAndServe(address, nil))
}
