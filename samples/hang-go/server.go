// A server that reads figures from another service, one request at a time, or writes an entry under a lock on a file.
package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const upstream = "127.0.0.1:18081"

var mutex sync.Mutex
var home = os.Getenv("HOME")

type said struct {
	Pid    int     `json:"pid"`
	Tid    *int    `json:"tid"`
	Since  float64 `json:"since"`
	Kind   string  `json:"kind"`
	Target string  `json:"target"`
	Shown  bool    `json:"shown"`
}

// A goroutine that waits for the network or for a mutex has no thread: its tid is null, and no trace shows it.
func say(kind, target string, tid *int) {
	line, _ := json.Marshal(said{os.Getpid(), tid, float64(time.Now().UnixNano()) / 1e9, kind, target, tid != nil})
	file, _ := os.OpenFile(home+"/said", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	file.Write(append(line, '\n'))
	file.Close()
}

func lock() {
	// The first one gets it, and does not wait.
	if !mutex.TryLock() {
		say("lock", "sync.Mutex", nil)
		mutex.Lock()
	}
}

func figures(http.ResponseWriter, *http.Request) {
	lock()
	defer mutex.Unlock()
	connection, err := net.Dial("tcp", upstream)
	if err != nil {
		return
	}
	defer connection.Close()
	connection.Write([]byte("GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n"))
	say("upstream", upstream, nil)
	connection.Read(make([]byte, 4096))
}

func journal(http.ResponseWriter, *http.Request) {
	lock()
	defer mutex.Unlock()
	path := home + "/journal"
	file, _ := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	defer file.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	tid := syscall.Gettid()
	say("file-lock", path, &tid)
	syscall.Flock(int(file.Fd()), syscall.LOCK_EX)
}

func main() {
	http.HandleFunc("/figures", figures)
	http.HandleFunc("/journal", journal)
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) { answer.Write([]byte("ok\n")) })
	http.ListenAndServe("127.0.0.1:18080", nil)
}
