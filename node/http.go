package node

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/meridian-gtm/meridian"
	"github.com/meridian-gtm/meridian/console"
	"github.com/meridian-gtm/meridian/control/api"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Limits of the HTTP servers. Headers within 10 s stop slow clients; bodies have
// their own limits in the API, and streams last as long as they like.
const (
	headerTime = 10 * time.Second
	idleTime   = 2 * time.Minute
)

// startHTTP binds what the roles serve over HTTP. All addresses are bound before any
// is served, so that an occupied port stops the start and nothing else.
func (n *node) startHTTP() error {
	if n.o.has(RoleControl) {
		n.keepEvents()
		n.keepTransitions()
		n.startAlerts()
		l, at, err := n.listenHTTP("--api", n.o.API)
		if err != nil {
			return err
		}
		n.addrs.API, n.addrs.AdminToken = at, n.control.adminToken
		if strings.HasPrefix(at, "https") && n.o.TLSCert == "" {
			n.addrs.CA = n.control.authorityFile
		}
		mux := http.NewServeMux()
		mux.Handle("/api/", api.Handler(api.Deps{
			Control: n.control.service, Store: n.control.store, History: n.control.history, Alerts: n.control.alerts, Live: live{n}, Explain: explainer{n}, Queries: explainer{n},
			Invite: inviter{n}, Gate: n.control.gate, OIDC: n.control.oidc, Health: n.moment(), World: n.state.World, Notice: meridian.Notice, Observe: n.control.counts.request,
			Failback: n.control.currents, MapFile: filepath.Join(n.o.Data, "map.json"), Version: n.o.Version, Log: n.log,
		}))
		n.health(mux)
		mux.Handle("/", console.Handler())
		n.api.Store(true)
		n.serveHTTP("api", l, mux)
		if n.control.broker != nil {
			n.addrs.NATS = n.control.broker.URLs()
		}
	}
	if err := n.readMetricsToken(); err != nil {
		return err
	}
	if n.o.HTTP != "" {
		l, at, err := n.listenHTTP("--http", n.o.HTTP)
		if err != nil {
			return err
		}
		n.addrs.HTTP = at
		mux := http.NewServeMux()
		n.health(mux)
		n.serveHTTP("http", l, mux)
	}
	return nil
}

// moment is what previews judge by: the verdicts and current members of now.
func (n *node) moment() steer.Health {
	return steer.Health{Verdict: n.view.Verdict, Current: n.currentMember}
}

// currentMember is where a non-preemptive policy is now, "" for one that never moved.
func (n *node) currentMember(scope traffic.Key) string {
	c, _ := n.currents.Get(scope)
	return c.Member
}

// listenHTTP binds an address and returns it as a URL. Off loopback it speaks TLS.
func (n *node) listenHTTP(flag, addr string) (net.Listener, string, error) {
	conf, err := n.httpTLS(addr)
	if err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("%s %s: %w; choose another address, or end the program that has it", flag, addr, err)
	}
	if conf == nil {
		return l, "http://" + l.Addr().String(), nil
	}
	conf.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(l, conf), "https://" + l.Addr().String(), nil
}

// serveHTTP serves until the part is stopped; requests get a moment to end, streams
// are told by their context.
func (n *node) serveHTTP(name string, l net.Listener, h http.Handler) {
	n.run(name, func(ctx context.Context) error {
		srv := &http.Server{Handler: h, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, BaseContext: func(net.Listener) context.Context { return ctx },
			// Handshakes that fail are the clients' affair.
			ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}
		done := make(chan error, 1)
		go func() { done <- srv.Serve(l) }()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime/2)
		defer cancel()
		if err := srv.Shutdown(grace); err != nil {
			srv.Close()
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
}

// health adds the pages that machines ask: they tell nothing that needs a token, but
// for metrics and profiles, which need one off loopback.
func (n *node) health(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := map[string]any{"ready": true}
		if err := n.ready(); err != nil {
			body = map[string]any{"ready": false, "waiting_for": err.Error()}
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		json.NewEncoder(w).Encode(body)
	})
	metrics := promhttp.HandlerFor(n.registry(), promhttp.HandlerOpts{})
	mux.Handle("GET /metrics", n.guarded(auth.Viewer, metrics))
	for path, f := range map[string]http.HandlerFunc{"/debug/pprof/": pprof.Index, "/debug/pprof/profile": pprof.Profile, "/debug/pprof/trace": pprof.Trace, "/debug/pprof/symbol": pprof.Symbol} {
		mux.Handle("GET "+path, n.guarded(auth.Admin, f))
	}
}

// guarded asks for a token unless the request comes over loopback. A node without
// control knows no tokens; there, only loopback may ask.
func (n *node) guarded(need auth.Role, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil && from.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && need == auth.Viewer {
			h.ServeHTTP(w, r)
			return
		}
		if n.control == nil {
			if need == auth.Viewer && n.metricsToken != "" && bearer(r, n.metricsToken) {
				h.ServeHTTP(w, r)
				return
			}
			http.Error(w, "this page is for loopback, or with a token on control or (/metrics) that of --metrics-token", http.StatusForbidden)
			return
		}
		p, err := n.control.gate.Authenticate(r)
		if err != nil || !p.Grants.Whole(need) {
			http.Error(w, "a token with the role "+string(need)+" is needed", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// bearer tells whether a request shows a token. Digests are compared, so that how long it
// takes tells nothing.
func bearer(r *http.Request, token string) bool {
	got, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	a, b := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(token))
	return ok && subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// leastToken is the length of a token that nobody guesses, in characters.
const leastToken = 16

// readMetricsToken reads the token that --metrics-token names.
func (n *node) readMetricsToken() error {
	if n.o.MetricsToken == "" {
		return nil
	}
	b, err := os.ReadFile(n.o.MetricsToken)
	if err != nil {
		return fmt.Errorf("--metrics-token: %w", err)
	}
	if n.metricsToken = strings.TrimSpace(string(b)); len(n.metricsToken) < leastToken {
		return fmt.Errorf("--metrics-token %s: the token has fewer than %d characters; make a longer one, like with: openssl rand -hex 32", n.o.MetricsToken, leastToken)
	}
	return nil
}
