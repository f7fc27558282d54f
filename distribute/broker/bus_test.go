package broker_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/meridian-gtm/meridian/distribute/broker"
	"github.com/meridian-gtm/meridian/distribute/internal/rig"
	"github.com/meridian-gtm/meridian/internal/pki"
)

// bus is a running server, ours or another's, that knows the same users.
type bus struct {
	url      string
	tls      *tls.Config
	control  *nats.Conn
	setUsers func(...broker.User)
}

// servers are the embedded server and one that somebody else runs, both with TLS.
func servers(t *testing.T, users ...broker.User) map[string]bus {
	return map[string]bus{"embedded": embedded(t, users...), "external": external(t, users...)}
}

func certified(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	a, err := pki.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	s, err := pki.NewServer(a, []string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if client, err = pki.Client(a.DER()); err != nil {
		t.Fatal(err)
	}
	return s.TLS(), client
}

func embedded(t *testing.T, users ...broker.User) bus {
	conf, client := certified(t)
	b := rig.Broker(t, broker.Options{Listen: "127.0.0.1:0", TLS: conf, Users: users})
	return bus{b.URLs()[0], client, rig.Dial(t, b).Conn(), func(list ...broker.User) {
		t.Helper()
		if err := b.SetUsers(list); err != nil {
			t.Fatal(err)
		}
	}}
}

// external runs NATS as its users do: from a configuration file that includes ours.
func external(t *testing.T, users ...broker.User) bus {
	t.Helper()
	dir := t.TempDir()
	seed, public, err := broker.NewUser()
	if err != nil {
		t.Fatal(err)
	}
	write := func(list ...broker.User) {
		t.Helper()
		text, err := broker.Config(public, list)
		if err != nil {
			t.Fatal(err)
		}
		for name, body := range map[string]string{"users.conf": text, "nats.conf": "authorization { include \"users.conf\" }\n"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	conf, client := certified(t)
	read := func() *server.Options {
		t.Helper()
		o, err := server.ProcessConfigFile(filepath.Join(dir, "nats.conf"))
		if err != nil {
			t.Fatal(err)
		}
		o.Host, o.Port, o.JetStream, o.StoreDir, o.NoSigs, o.NoLog = "127.0.0.1", server.RANDOM_PORT, true, filepath.Join(dir, "js"), true, true
		o.TLSConfig, o.TLS, o.TLSTimeout = conf, true, 5
		return o
	}
	write(users...)
	s, err := server.NewServer(read())
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	sign, err := broker.Credential(seed)
	if err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(s.ClientURL(), nats.Secure(client), sign)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	port := s.Addr()
	return bus{s.ClientURL(), client, nc, func(list ...broker.User) {
		t.Helper()
		write(list...)
		o := read()
		_, p, _ := strings.Cut(port.String(), ":")
		o.Port = atoi(t, p)
		if err := s.ReloadOptions(o); err != nil {
			t.Fatal(err)
		}
	}}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
