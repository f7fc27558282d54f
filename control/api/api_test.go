package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/control/store/storetest"
	"github.com/meridian-gtm/meridian/internal/oidctest"
)

func TestMain(m *testing.M) {
	oidctest.Main()
	goleak.VerifyTestMain(m)
}

// world is a running API with a client of each role. Every answer that passes
// through its clients is held to the OpenAPI document.
type world struct {
	t        *testing.T
	url      string
	control  *control.Service
	store    *store.Store
	history  *history.History
	live     *live
	explain  *explainer
	inviter  *inviter
	failback *failbacks
	log      *lines
	now      *atomic.Pointer[time.Time]
	tokens   map[auth.Role]string
	cookies  map[auth.Role]string // in place of a token: of a session
	doc      *document
	http     *http.Client
}

// lines collects the log.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func start(t *testing.T) *world { return startWith(t, nil) }

// startWith lets a test change what the API stands on; url is where it will be.
func startWith(t *testing.T, change func(d *api.Deps, url string)) *world {
	t.Helper()
	w := &world{t: t, live: &live{}, explain: &explainer{}, inviter: &inviter{}, failback: &failbacks{}, log: &lines{}, now: &atomic.Pointer[time.Time]{}, tokens: map[auth.Role]string{}, cookies: map[auth.Role]string{}}
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w.now.Store(&noon)
	clock := w.clock
	w.store = storetest.SQLite(t)
	var err error
	w.history = keep(t, clock)
	if w.control, err = control.New(t.Context(), control.Options{Store: w.store, Events: w.history, Now: clock}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "admin.token")
	if made, err := auth.Bootstrap(t.Context(), w.store, path, noon); err != nil || !made {
		t.Fatalf("bootstrap: %v %v", made, err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	w.tokens[auth.Admin] = strings.TrimSpace(string(b))
	d := api.Deps{Control: w.control, Store: w.store, History: w.history, Live: w.live, Explain: w.explain, Invite: w.inviter, Failback: w.failback, Version: "test",
		Now: clock, Log: slog.New(slog.NewJSONHandler(w.log, nil))}
	srv := httptest.NewUnstartedServer(nil)
	if change != nil {
		change(&d, "http://"+srv.Listener.Addr().String())
	}
	srv.Config.Handler = api.Handler(d)
	srv.Start()
	t.Cleanup(func() {
		srv.Close()
		if told := secretShapes.FindString(w.log.String()); told != "" {
			t.Errorf("the log holds %s", told)
		}
	})
	w.url, w.http = srv.URL, srv.Client()
	w.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	w.doc = readDocument(t, w)
	for _, r := range []auth.Role{auth.Operator, auth.Viewer} {
		got := w.do(auth.Admin, "POST", "/api/v1/tokens", fmt.Sprintf(`{"name":"%s","role":"%s"}`, r, r)).want(201)
		w.tokens[r] = got.json()["token"].(string)
	}
	return w
}

// keep runs a history of the test's own, which leads.
func keep(t *testing.T, clock func() time.Time) *history.History {
	t.Helper()
	h, err := history.New(history.Options{DSN: "sqlite:" + filepath.Join(t.TempDir(), "history.db"), Now: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	wg.Go(func() { h.Lead(ctx) })
	t.Cleanup(func() {
		stop()
		wg.Wait()
	})
	<-h.Opened()
	return h
}

func (w *world) clock() time.Time { return *w.now.Load() }

// reply is one answer.
type reply struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// secretShapes are what secrets look like: tokens, sessions, join tokens, stored
// passwords. No error, no read and no line of the log has one.
var secretShapes = regexp.MustCompile(`mr[ds]_[A-Za-z0-9_-]{43}|mrd1\.[A-Za-z0-9_-]{60,}|\$argon2id\$v=|\bSU[A-Z2-7]{56}\b`)

// do sends a request with the token of a role; none for "". Extra are headers,
// name and value in turn.
func (w *world) do(role auth.Role, method, path, body string, extra ...string) *reply {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if c := w.cookies[role]; c != "" {
		req.Header.Set("Cookie", "meridian="+c)
		req.Header.Set("Content-Type", "application/json")
	} else if role != "" {
		req.Header.Set("Authorization", "Bearer "+w.tokens[role])
	}
	for i := 0; i < len(extra); i += 2 {
		req.Header.Set(extra[i], extra[i+1])
	}
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	r := &reply{t: w.t, what: method + " " + path, status: res.StatusCode, header: res.Header, body: b}
	if told := secretShapes.Find(b); told != nil && (r.status >= 400 || method == http.MethodGet) {
		w.t.Errorf("%s tells a secret: %s", r.what, b)
	}
	if w.doc != nil {
		w.doc.fits(w.t, method, req.URL.EscapedPath(), r)
	}
	return r
}

// want ends the test on another status.
func (r *reply) want(status int) *reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("%s: status %d, want %d: %s", r.what, r.status, status, r.body)
	}
	return r
}

// problem checks an error's status, code and that its texts hold some words.
func (r *reply) problem(status int, code string, words ...string) *reply {
	r.t.Helper()
	r.want(status)
	if got := r.json()["code"]; got != code {
		r.t.Errorf("%s: code %v, want %s: %s", r.what, got, code, r.body)
	}
	for _, w := range words {
		if !strings.Contains(string(r.body), w) {
			r.t.Errorf("%s: %q is not in %s", r.what, w, r.body)
		}
	}
	return r
}

// cookie returns the session that an answer sets, "" for one that it takes away.
func (r *reply) cookie() string {
	r.t.Helper()
	list := (&http.Response{Header: r.header}).Cookies()
	if len(list) != 1 {
		r.t.Fatalf("%s: sets %d cookies", r.what, len(list))
	}
	c := list[0]
	if c.Name != "meridian" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		r.t.Errorf("%s: cookie %v", r.what, c)
	}
	return c.Value
}

// user makes a user and signs in as one; requests with the name as role use the session.
func (w *world) user(name, grants string) {
	w.t.Helper()
	w.do(auth.Admin, "POST", "/api/v1/users", fmt.Sprintf(`{"name":%q,"password":"correct horse %s","grants":%s}`, name, "battery", grants)).want(201)
	w.signIn(name)
}

func (w *world) signIn(name string) {
	w.t.Helper()
	w.cookies[auth.Role(name)] = w.do("", "POST", "/api/v1/session", fmt.Sprintf(`{"name":%q,"password":"correct horse battery"}`, name), "Content-Type", "application/json").want(201).cookie()
}

func (r *reply) json() map[string]any {
	r.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		r.t.Fatalf("%s: %v: %s", r.what, err, r.body)
	}
	return v
}

func (r *reply) names() []string {
	r.t.Helper()
	out := []string{}
	for _, it := range r.json()["items"].([]any) {
		out = append(out, it.(map[string]any)["name"].(string))
	}
	return out
}

func TestPoolFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	w := start(t)
	op := auth.Operator
	w.do(op, "POST", "/api/v1/addresses", `{"name":"hz-1","address":"203.0.113.10"}`).want(201)
	made := w.do(op, "POST", "/api/v1/pools", `{"name":"hangzhou","type":"IPv4","members":[{"address":"hz-1"}]}`).want(201)
	p := made.json()
	if p["policy"] != "round_robin" || p["judgement"] != "any_ok" || p["revision"] != 2.0 || made.header.Get("ETag") != `"2"` || !strings.HasPrefix(p["id"].(string), "pool-") {
		t.Errorf("created: %s", made.body)
	}
	w.do(op, "POST", "/api/v1/pools", `{"name":"hangzhou","type":"IPv4"}`).problem(409, "exists", "hangzhou")

	byName := w.do(op, "GET", made.header.Get("Location"), "").want(200)
	byID := w.do(op, "GET", "/api/v1/pools/"+p["id"].(string), "").want(200)
	if !bytes.Equal(byName.body, byID.body) {
		t.Errorf("by name and by id differ:\n%s\n%s", byName.body, byID.body)
	}
	if u := w.do(op, "GET", "/api/v1/addresses/hz-1", "").want(200).json()["used_by"]; fmt.Sprint(u) != "[map[kind:pool name:hangzhou]]" {
		t.Errorf("used by %v", u)
	}

	w.do(op, "PATCH", "/api/v1/pools/hangzhou", `{"remark":"x","members":null}`, "If-Match", `"1"`).problem(412, "version_mismatch", "version 2")
	patched := w.do(op, "PATCH", "/api/v1/pools/hangzhou", `{"remark":"x"}`, "If-Match", `"2"`).want(200)
	if v := patched.json(); v["remark"] != "x" || v["version"] != 3.0 || len(v["members"].([]any)) != 1 {
		t.Errorf("patched: %s", patched.body)
	}
	back := w.do(op, "PUT", "/api/v1/pools/hangzhou", string(patched.body)).want(200) // what was read may be sent back
	if v := back.json(); v["version"] != 3.0 {
		t.Errorf("a write that changes nothing makes a revision: %s", back.body)
	}
	w.do(op, "PUT", "/api/v1/pools/hangzhou", `{"name":"other","type":"IPv4"}`).problem(422, "invalid", "immutable")

	w.do(op, "DELETE", "/api/v1/addresses/hz-1", "").problem(409, "in_use", "pool hangzhou")
	del := w.do(op, "DELETE", "/api/v1/pools/hangzhou", "").want(200).json()
	if del["revision"] != 4.0 {
		t.Errorf("deleted: %v", del)
	}
	w.do(op, "GET", "/api/v1/pools/hangzhou", "").problem(404, "not_found", "Pool hangzhou")
	w.do(op, "DELETE", "/api/v1/pools/hangzhou", "").problem(404, "not_found")
}
