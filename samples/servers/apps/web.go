// The same small application for net/http. usage: web PORT [CERT KEY]
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"
)

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
	panic(http.ListenAndServe(address, nil))
}
