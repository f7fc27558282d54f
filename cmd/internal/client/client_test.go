package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/cmd/internal/client"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

func serve(t *testing.T, h http.HandlerFunc) *client.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := client.New(s.URL+"/", "secret", "test")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(path string) client.Request { return client.Request{Method: http.MethodGet, Path: path} }

func TestRequest(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/api/v1/pools/a%2Fb" || r.URL.RawQuery != "x=1+2" || r.Header.Get("Authorization") != "Bearer secret" ||
			r.Header.Get("Content-Type") != "application/json" || r.UserAgent() != "meridian/test" {
			t.Errorf("got %s %s %v", r.Method, r.URL, r.Header)
		}
		fmt.Fprint(w, `{"name":"a/b"}`)
	})
	var out struct{ Name string }
	err := c.Do(t.Context(), client.Request{Method: http.MethodPut, Path: "/pools/" + url.PathEscape("a/b"), Query: url.Values{"x": {"1 2"}}, Body: map[string]int{"a": 1}}, &out)
	if err != nil || out.Name != "a/b" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		says, body string
		status     int
		want       string
	}{
		{"a problem speaks for itself", `{"detail":"Pool web does not exist.","code":"not_found"}`, 404, "Pool web does not exist."},
		{"each finding has its line", `{"detail":"The request breaks rules.","errors":[{"kind":"pool","name":"a","field":"type","message":"is x"},{"field":"b","message":"is y"}]}`, 422,
			"The request breaks rules.\n  pool a: type is x\n  b is y"},
		{"one finding is not said twice", `{"detail":"pool a: type is x","errors":[{"kind":"pool","name":"a","field":"type","message":"is x"}]}`, 422, "pool a: type is x"},
		{"a proxy's page is no reason", `<html>`, 502, "answered 502 Bad Gateway without a reason; is it a Meridian server?"},
		{"an empty problem has its status", `{}`, 418, "the server answered 418 I'm a teapot"},
	} {
		c := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(row.status)
			fmt.Fprint(w, row.body)
		})
		err := c.Do(t.Context(), get("/pools"), nil)
		var p *client.Problem
		if !errors.As(err, &p) || p.Status != row.status || !strings.HasSuffix(err.Error(), row.want) {
			t.Errorf("%s: got %v, want %q", row.says, err, row.want)
		}
	}
}

func TestNotAMeridian(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "<html>hello</html>") })
	var out struct{}
	if err := c.Do(t.Context(), get("/pools"), &out); err == nil || !strings.Contains(err.Error(), "is it a Meridian server") {
		t.Errorf("got %v", err)
	}
	var raw []byte
	if err := c.Do(t.Context(), get("/zones/a/file"), &raw); err != nil || string(raw) != "<html>hello</html>" {
		t.Errorf("bytes are bytes: %q, %v", raw, err)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(nil)
	s.Close()
	c, err := client.New(s.URL, "", "test")
	if err != nil {
		t.Fatal(err)
	}
	err = c.Do(t.Context(), get("/pools"), nil)
	var u *client.Unreachable
	if !errors.As(err, &u) || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "MERIDIAN_SERVER") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Do(ctx, get("/pools"), nil); !errors.Is(err, context.Canceled) || errors.As(err, &u) {
		t.Errorf("an interrupt is not an unreachable server: %v", err)
	}
}

func TestBadAddress(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://a b"} {
		if _, err := client.New(s, "", "test"); err == nil {
			t.Errorf("server %q is accepted", s)
		}
	}
	if _, err := client.New("http://x", "a\nb", "test"); err == nil || strings.Contains(err.Error(), "a\nb") {
		t.Errorf("a token with a line break: %v", err)
	}
}

func TestEachReadsAllPages(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Query().Get("cursor") {
		case "":
			fmt.Fprint(w, `{"items":[1,2],"next_cursor":"two"}`)
		case "two":
			if r.URL.Query().Get("q") != "x" {
				t.Error("the second page lost the query")
			}
			fmt.Fprint(w, `{"items":[3]}`)
		}
	})
	read := func(stop int) (got []string) {
		err := c.Each(t.Context(), "/pools", url.Values{"q": {"x"}}, func(m json.RawMessage) bool {
			got = append(got, string(m))
			return len(got) < stop
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(9); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("got %v", got)
	}
	if got := read(1); !slices.Equal(got, []string{"1"}) {
		t.Errorf("a reader that has enough got %v", got)
	}
}

// TestFollowResumes: after a broken connection the client says so, and comes back with the last id.
func TestFollowResumes(t *testing.T) {
	t.Parallel()
	connections := 0
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		connections++
		fmt.Fprint(w, "retry: 1000\nevent: hello\ndata: {}\n\n: a comment\n\n")
		switch connections {
		case 1:
			fmt.Fprint(w, "id: b-1\nevent: revision\ndata: {\"number\":\ndata: 1}\n\nid: b-2\nevent: cut") // broken in the middle
		default:
			if got := r.Header.Get("Last-Event-ID"); got != "b-1" {
				t.Errorf("came back with %q, want b-1", got)
			}
			fmt.Fprint(w, "id: b-2\nevent: revision\ndata: {\"number\":2}\n\n")
		}
	})
	var got []string
	enough := errors.New("enough")
	err := c.Follow(t.Context(), "/stream", nil, func(e client.Event) error {
		got = append(got, e.Type+string(e.Data))
		if len(got) == 5 {
			return enough
		}
		return nil
	})
	if want := []string{"hello{}", `revision{"number":1}`, client.Lost, "hello{}", `revision{"number":2}`}; !slices.Equal(got, want) || !errors.Is(err, enough) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFollowGivesUpOnARefusal(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"detail":"no"}`)
	})
	var p *client.Problem
	if err := c.Follow(t.Context(), "/stream", nil, func(client.Event) error { return nil }); !errors.As(err, &p) || p.Status != 401 {
		t.Errorf("got %v", err)
	}
}
