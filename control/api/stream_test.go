package api_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
)

// events opens the stream and returns a reader of events, each as its lines.
func (w *world) events(ctx context.Context, path string, header ...string) func() string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.tokens[auth.Viewer])
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" {
		w.t.Fatalf("status %d, content type %s", res.StatusCode, ct)
	}
	sc := bufio.NewScanner(res.Body)
	return func() string {
		var out []string
		for sc.Scan() && sc.Text() != "" {
			out = append(out, sc.Text())
		}
		return strings.Join(out, "|")
	}
}

func TestStreamTellsAndResumes(t *testing.T) {
	t.Parallel()
	w := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	next := w.events(ctx, "/api/v1/stream?types=revision,health")
	if hello := next(); !strings.Contains(hello, "event: hello") || !strings.Contains(hello, `"revision":0,"resumed":false`) {
		t.Fatalf("hello: %s", hello)
	}
	w.do(auth.Operator, "POST", "/api/v1/addresses", `{"name":"a","address":"192.0.2.1"}`).want(201)
	first := next()
	if !strings.Contains(first, "event: revision|") || !strings.Contains(first, `"number":1`) {
		t.Fatalf("first: %s", first)
	}
	w.control.Record(control.Event{Kind: "node", Subject: "n", Severity: "info", Text: "not asked for"})
	w.control.Stream.Publish("health", map[string]string{"task": "a\nb"})
	second := next()
	if !strings.Contains(second, `event: health|data: {"task":"a\nb"}`) {
		t.Fatalf("second: %s", second)
	}
	id := strings.TrimPrefix(strings.Split(first, "|")[0], "id: ")
	again := w.events(ctx, "/api/v1/stream?types=health", "Last-Event-ID", id)
	if hello := again(); !strings.Contains(hello, `"resumed":true`) {
		t.Errorf("hello of a return: %s", hello)
	}
	if got := again(); got != second {
		t.Errorf("after %s came %s, want %s", id, got, second)
	}
	old := w.events(ctx, "/api/v1/stream?last_event_id=0123456789abcdef-1")
	if hello := old(); !strings.Contains(hello, `"resumed":false`) {
		t.Errorf("hello after a restart: %s", hello)
	}
}
