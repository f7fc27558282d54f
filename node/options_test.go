package node

import (
	"errors"
	"strings"
	"testing"
)

func TestOptionsAreRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says string
		o    Options
		want string
	}{
		{"an unknown role", Options{Roles: []string{"foo"}}, `role "foo" is unknown`},
		{"no control and no token", Options{Roles: []string{"prober"}}, "needs --join"},
		{"control does not join", Options{Roles: []string{"control"}, Join: "mrd1.x"}, "read join token"},
		{"a token file that is not there", Options{Join: "/nowhere/at/all.token"}, "nor a file"},
		{"a token that is cut", Options{Join: "mrd1.abc"}, "cut or changed"},
		{"an id with a space", Options{ID: "a b"}, `node id "a b"`},
		{"a DNS address without a port", Options{DNS: []string{"127.0.0.1"}}, "--dns"},
		{"a port that is a word", Options{API: "127.0.0.1:http-alt"}, "--api"},
		{"a port beyond 65535", Options{HTTP: ":70000"}, "--http"},
		{"an external server with a listening address", Options{NATS: "nats://127.0.0.1:4222", Listen: ":4222"}, "--nats-listen"},
		{"a server of another kind", Options{NATS: "http://127.0.0.1"}, "--nats"},
		{"the quickstart in a part of the system", Options{Roles: []string{"control"}, Quickstart: "x.yaml"}, "--quickstart"},
	} {
		t.Run(c.says, func(t *testing.T) {
			dir := t.TempDir() + "/data"
			c.o.Data = dir
			err := Run(t.Context(), c.o)
			var bad *OptionError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want an OptionError with %q, got %v", c.want, err)
			}
		})
	}
}
