package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

// seeing is an installation of one resolver that always has seen something.
type seeing struct {
	control.Live
	mu   sync.Mutex
	last querylog.Ask
	n    int
}

func (s *seeing) Nodes() []control.Node {
	return []control.Node{{NodeStatus: traffic.NodeStatus{ID: "edge-1", Roles: []string{"resolver"}}}}
}

func (s *seeing) AskQueries(_ context.Context, node string, a querylog.Ask) (querylog.Answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = a
	s.n++
	return querylog.Answer{Records: []querylog.LoggedQuery{{Node: node, Name: "www.example.com", Client: "198.51.100.0/24", Rcode: "NOERROR"}}, Dropped: 3}, nil
}

// TestTailQueries: queries come as events until the time is over, the audit has the look
// before, and a credential that is taken away ends it.
func TestTailQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, see := storetest.SQLite(t), &seeing{}
		c, err := control.New(t.Context(), control.Options{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		h := api.Handler(api.Deps{Control: c, Store: st, Live: see, Queries: see, Log: slog.New(slog.DiscardHandler)})
		text, tok := auth.NewToken("t", auth.Grants{{Role: auth.Operator}}, "test", time.Now(), time.Time{})
		if err := st.AddToken(t.Context(), tok); err != nil {
			t.Fatal(err)
		}
		ask := func(path string) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/api/v1/queries/tail"+path, nil).WithContext(t.Context())
			r.Header.Set("Authorization", "Bearer "+text)
			w := watcher{httptest.NewRecorder()}
			h.ServeHTTP(w, r)
			return w.ResponseRecorder
		}
		began := time.Now()
		body := ask("?name=*.example.com&client=198.51.100.0/24&line=cn&type=A&rcode=NOERROR&node=edge-1&every=2&rate=7&for=2s&whole=true").Body.String()
		if d := time.Since(began); d != 2*time.Second {
			t.Errorf("it lasted %v", d)
		}
		for _, want := range []string{"event: hello\ndata: {", `"rate":7,"whole":true`, "\n\nevent: query\ndata: {\"time\":", `"node":"edge-1"`, "\n\nevent: node\ndata: {\"node\":\"edge-1\",\"dropped\":3}\n\n"} {
			if !strings.Contains(body, want) {
				t.Errorf("want %q in\n%s", want, body)
			}
		}
		if !strings.HasSuffix(body, "event: end\ndata: {\"reason\":\"time\"}\n\n") {
			t.Errorf("it ends so: %s", body[max(0, len(body)-100):])
		}
		if want := (querylog.Filter{Name: "*.example.com", Client: "198.51.100.0/24", Line: "cn", Type: "A", Rcode: "NOERROR", Every: 2}); see.last.Filter != want || !see.last.Whole || see.last.Rate != 7 {
			t.Errorf("asked %+v", see.last)
		}
		n := see.n
		time.Sleep(time.Minute)
		if see.n != n {
			t.Error("it is asked on though nobody looks")
		}
		rows, err := st.Audit(t.Context(), store.AuditFilter{Limit: 10})
		if err != nil || len(rows) != 1 || rows[0].Who != "t" || !strings.HasPrefix(rows[0].Object, "queries/tail?name=*.example.com&") || rows[0].Outcome != store.Done {
			t.Errorf("audit: %+v, %v", rows, err)
		}
		for path, field := range map[string]string{"?for=2h": "for", "?rate=0": "rate", "?every=x": "every", "?name=a..b": "name", "?node=other": "node", "?whole=1": "whole", "?rcode=x": "rcode"} {
			if w := ask(path); w.Code != http.StatusUnprocessableEntity || !strings.Contains(w.Body.String(), `"`+field+`"`) {
				t.Errorf("%s: %d %s", path, w.Code, w.Body)
			}
		}
		// Eight look, a ninth may not; then their credential is taken away.
		var wg sync.WaitGroup
		ends := make(chan string, 8)
		for range 8 {
			wg.Go(func() { ends <- ask("").Body.String() })
		}
		synctest.Wait()
		if w := ask(""); w.Code != http.StatusTooManyRequests {
			t.Errorf("a ninth: %d", w.Code)
		}
		if _, err := st.DeleteToken(t.Context(), nil, tok.ID); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		wg.Wait()
		if d := time.Since(began); d > 16*time.Second {
			t.Errorf("they looked on for %v", d)
		}
		for range 8 {
			if body := <-ends; !strings.HasSuffix(body, "event: end\ndata: {\"reason\":\"access\"}\n\n") {
				t.Errorf("it ends so: %s", body[max(0, len(body)-100):])
			}
		}
	})
}

// TestTailIsForOperators: over a socket, and not for viewers.
func TestTailIsForOperators(t *testing.T) {
	t.Parallel()
	see := &seeing{}
	w := startWith(t, func(d *api.Deps, _ string) { d.Queries, d.Live = see, see })
	if r := w.do(auth.Operator, "GET", "/api/v1/queries/tail?for=1s", "").want(200); !strings.Contains(string(r.body), "event: query") {
		t.Errorf("%s", r.body)
	}
	w.do(auth.Viewer, "GET", "/api/v1/queries/tail?for=1s", "").problem(403, "forbidden")
}
