package cluster

import (
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
)

const webPort = 18080

// endpoint is a web server whose health a test commands.
type endpoint struct {
	t    *testing.T
	addr string

	mu   sync.Mutex // guards the fields below
	down bool       // fail for everyone
	hung bool       // take requests and never answer
	lies []string   // fail for these vantages, by the header X-Vantage
	key  [2]string  // a header and its value, without which it fails
	srv  *http.Server
	done chan struct{}
}

// newEndpoint serves /healthz at an address.
func newEndpoint(t *testing.T, ip string) *endpoint {
	t.Helper()
	e := &endpoint{t: t, addr: net.JoinHostPort(ip, strconv.Itoa(webPort))}
	e.open()
	t.Cleanup(e.close)
	return e
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.hung {
		e.mu.Unlock()
		<-r.Context().Done()
		e.mu.Lock()
		return
	}
	if e.key[0] != "" && r.Header.Get(e.key[0]) != e.key[1] || e.down || slices.Contains(e.lies, r.Header.Get("X-Vantage")) {
		http.Error(w, "it fails, as it was told", http.StatusServiceUnavailable)
	}
}

// wants makes it fail for requests without a header of this value.
func (e *endpoint) wants(header, value string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.key = [2]string{header, value}
}

// set makes it fail for everyone or nobody, and for the vantages given.
func (e *endpoint) set(down bool, lies ...string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down, e.lies = down, lies
}

// hang makes it take requests and never answer, or answer again.
func (e *endpoint) hang(yes bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.hung = yes
}

// open binds the port again after close.
func (e *endpoint) open() {
	e.t.Helper()
	l, err := net.Listen("tcp", e.addr)
	if err != nil {
		e.t.Fatal(err)
	}
	e.srv, e.done = &http.Server{Handler: e}, make(chan struct{})
	go func() {
		defer close(e.done)
		e.srv.Serve(l) // ends with ErrServerClosed
	}()
}

// close ends the server as if it were killed: its connections and its port are gone.
func (e *endpoint) close() {
	e.srv.Close()
	<-e.done
}
