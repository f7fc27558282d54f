package api

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/history"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/line"
	"github.com/meridian-gtm/meridian/traffic/steer"
	"github.com/meridian-gtm/meridian/traffic/verdict"
)

// Deps is what the API stands on.
type Deps struct {
	Control *control.Service
	Store   *store.Store
	History *history.History   // nil: none is kept
	Live    control.Live       // nil: nothing is live yet
	Explain control.Explainer  // nil: explain answers 503
	Queries control.QueryAsker // nil: nobody can look at queries
	Invite  control.Inviter    // nil: this process admits no nodes
	Gate    *auth.Gate         // who may come in; nil: one of this handler's own
	OIDC    *oidc.Provider     // to sign in elsewhere; nil: only here
	Health  steer.Health       // for previews; without Verdict nothing has been judged yet
	Alerts  *alert.Service     // nil: one that only knows what the store holds
	// World places clients and addresses; nil: nothing is known but built-in lines.
	World func() *line.World
	// Observe, if set, is told of every request that was answered; route is "" for one that
	// there is none for, stream says that it lasted as long as somebody listened.
	Observe func(method, route string, status int, took time.Duration, stream bool)
	Notice  string // of third parties' software
	// MapFile has shapes of the world in place of the console's own; it need not be there.
	MapFile string
	// Failback resets current members; nil: nobody here can.
	Failback control.Failback
	Version  string           // of this program
	Log      *slog.Logger     // default slog.Default
	Now      func() time.Time // default time.Now
}

type server struct {
	Deps
	control *control.Service
	log     *slog.Logger
	mux     *http.ServeMux
	doc     *huma.OpenAPI
	inputs  map[traffic.Kind]*huma.Schema
	open    map[string]bool // method and path of routes for those without a credential
	boot    string          // of this process's life, for event ids
	began   time.Time
	invited atomic.Pointer[[]store.Node] // as last read
	looks   looks                        // at the whole, of late
	samples samples                      // of real clients, of late
	tails   atomic.Int32                 // looks at queries under way
}

// Handler returns everything under /api/. The server that runs it must end its
// requests' base context when it drains.
func Handler(d Deps) http.Handler {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Gate == nil {
		d.Gate = auth.NewGate(d.Store, d.Now)
	}
	if d.Live == nil {
		d.Live = nothingLive{}
	}
	if d.Alerts == nil {
		d.Alerts = alert.New(alert.Options{Store: d.Store, Send: send.New(nil).Send, Now: d.Now, Log: d.Log})
	}
	if d.Health.Verdict == nil {
		d.Health.Verdict = func(traffic.TaskKey) verdict.Verdict { return verdict.Verdict{} }
	}
	s := &server{Deps: d, control: d.Control, log: d.Log, mux: http.NewServeMux(), inputs: map[traffic.Kind]*huma.Schema{}, open: map[string]bool{}, boot: randomID(), began: d.Now()}
	s.doc = &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Meridian", Version: "v1", Description: "Configuration and state of a Meridian installation. " +
			"Errors are problem documents (RFC 9457) with a stable code. Writes take If-Match, Idempotency-Key and ?dry_run=true."},
		Components: &huma.Components{Schemas: newRegistry(), SecuritySchemes: map[string]*huma.SecurityScheme{
			"token":       {Type: "http", Scheme: "bearer", Description: "A token made with POST /api/v1/tokens; the first stands in DATA/admin.token."},
			"session":     {Type: "apiKey", In: "cookie", Name: "meridian", Description: "The cookie that POST /api/v1/session sets, without TLS."},
			"session_tls": {Type: "apiKey", In: "cookie", Name: "__Host-meridian", Description: "The same over TLS."}}},
	}
	s.settingsRoutes()
	for _, k := range kinds {
		s.objectRoutes(k)
	}
	s.zoneFileRoutes()
	s.changeRoutes()
	s.changeFileRoutes()
	s.revisionRoutes()
	s.undoRoutes()
	s.backupRoutes()
	s.overrideRoutes()
	s.liveRoutes()
	s.inviteRoutes()
	s.eventRoutes()
	s.historyRoutes()
	s.stripRoutes()
	s.mapShapeRoutes()
	s.alertRoutes()
	s.statsRoutes()
	s.tailRoutes()
	s.tokenRoutes()
	s.auditRoutes()
	s.sessionRoutes()
	s.oidcRoutes()
	s.userRoutes()
	s.explainRoutes()
	s.graphRoutes()
	s.overviewRoutes()
	s.incidentRoutes()
	s.searchRoutes()
	s.lineAboutRoutes()
	s.mapRoutes()
	s.attributionRoutes()
	s.lineRoutes()
	s.streamRoutes()
	s.documents()

	h := http.Handler(s.mux)
	h = s.fallback(h)
	h = s.authenticate(h)
	// Answers 403 to what a browser sends from another site: a page elsewhere must
	// not use the visitor's place in the network.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, problem(http.StatusForbidden, "cross_origin", "The request comes from a page of another site and is refused."), requestID(r))
	}))
	return s.record(guard.Handler(h))
}

// open are the paths that anyone may read.
var open = []string{"/api/openapi.json", "/api/docs"}

type principalKey struct{}
type requestIDKey struct{}

func principal(r *http.Request) auth.Principal {
	p, _ := r.Context().Value(principalKey{}).(auth.Principal)
	return p
}

func requestID(r *http.Request) string {
	id, _ := r.Context().Value(requestIDKey{}).(string)
	return id
}

func randomID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// authenticate comes before routing: an outsider does not learn which paths exist.
func (s *server) authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(open, r.URL.Path) || s.open[r.Method+" "+r.URL.Path] {
			next.ServeHTTP(w, r)
			return
		}
		p, err := s.Gate.Authenticate(r)
		if err != nil {
			s.auditStranger(r, err)
			s.fail(w, r, err)
			return
		}
		if l, ok := r.Context().Value(logKey{}).(*logLine); ok {
			l.who = p.Name
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
	})
}

// fallback gives the mux's own 404 and 405 the form of every other error.
func (s *server) fallback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := s.mux.Handler(r); pattern != "" {
			next.ServeHTTP(w, r)
			return
		}
		var allow []string
		for _, m := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			other := r.Clone(r.Context())
			other.Method = m
			if _, pattern := s.mux.Handler(other); pattern != "" {
				allow = append(allow, m)
			}
		}
		if len(allow) > 0 {
			w.Header().Set("Allow", strings.Join(allow, ", "))
			writeProblem(w, problem(http.StatusMethodNotAllowed, "method_not_allowed", "This path takes "+strings.Join(allow, ", ")+"."), requestID(r))
			return
		}
		writeProblem(w, problem(http.StatusNotFound, "no_such_path", "There is no such path; /api/docs lists all."), requestID(r))
	})
}

type logKey struct{}

type logLine struct {
	who    string
	route  string
	status int
	bytes  int
}

// record writes one line per request, and turns a panic into an error.
func (s *server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		l := &logLine{}
		ctx := context.WithValue(r.Context(), logKey{}, l)
		ctx = context.WithValue(ctx, requestIDKey{}, randomID())
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w, line: l}
		w.Header().Set("X-Request-Id", requestID(r))
		// Nothing here is for another site's page to show, embed or be linked from.
		for name, v := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Resource-Policy": "same-origin", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
			w.Header().Set(name, v)
		}
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				s.log.Error("request panicked", "request_id", requestID(r), "method", r.Method, "path", withoutSecrets(r.URL.Path), "panic", v, "stack", string(debug.Stack()))
				if l.status == 0 {
					p, _ := problemOf(fmt.Errorf("panic: %v", v))
					writeProblem(rec, p, requestID(r))
				}
			}
			if l.status == 0 && r.Context().Err() != nil { // the client was gone before anything was written
				l.status = 499
			}
			if s.Observe != nil {
				s.Observe(r.Method, l.route, l.status, time.Since(began), strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream"))
			}
			s.log.Info("request", "request_id", requestID(r), "method", r.Method, "path", withoutSecrets(r.URL.Path), "status", l.status,
				"bytes", l.bytes, "took", time.Since(began), "who", l.who, "from", r.RemoteAddr)
		}()
		next.ServeHTTP(rec, r)
	})
}

type recorder struct {
	http.ResponseWriter
	line *logLine
}

func (r *recorder) WriteHeader(status int) {
	if r.line.status == 0 {
		r.line.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.line.status == 0 {
		r.line.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.line.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// documents serves the OpenAPI document and its page, made once.
func (s *server) documents() {
	spec, err := json.MarshalIndent(s.doc, "", " ")
	if err != nil {
		panic(fmt.Sprintf("encode OpenAPI document: %v", err)) // built from our own types
	}
	html, csp := docsPage(s.doc)
	s.mux.HandleFunc("GET /api/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write(spec)
	})
	s.mux.HandleFunc("GET /api/docs", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", csp)
		w.Write(html)
	})
}

type nothingLive struct{}

func (nothingLive) Nodes() []control.Node       { return nil }
func (nothingLive) Vantages() []control.Vantage { return nil }
func (nothingLive) Tasks() []control.TaskHealth { return nil }
func (nothingLive) Task(traffic.TaskKey) (control.TaskHealth, bool) {
	return control.TaskHealth{}, false
}
func (nothingLive) Controls() []control.Process { return []control.Process{} }
