package node

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/resolve"
)

// TestMetricNames: as Prometheus' own linter wants them, each once and with a sentence.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	all := Metrics()
	if len(all) < 70 {
		t.Fatalf("only %d metrics", len(all))
	}
	form, seen := regexp.MustCompile(`^meridian_[a-z]+(_[a-z]+)*$`), map[string]bool{}
	r := prometheus.NewRegistry()
	for _, m := range all {
		if !form.MatchString(m.Name) || seen[m.Name] || !strings.HasSuffix(m.Help, ".") || len(m.Help) < 20 {
			t.Errorf("%s: %s", m.Name, m.Help)
		}
		seen[m.Name] = true
		labels := make([]string, len(m.Labels))
		switch m.Type {
		case "counter":
			v := m.counterVec()
			v.WithLabelValues(labels...)
			r.MustRegister(v)
		case "gauge":
			v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
			v.WithLabelValues(labels...)
			r.MustRegister(v)
		default:
			v := m.histogramVec()
			v.WithLabelValues(labels...)
			r.MustRegister(v)
		}
	}
	problems, err := testutil.GatherAndLint(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestDomainsInMetricsAreBounded: those that have a place keep it, others are counted
// together, and no count is lost.
func TestDomainsInMetricsAreBounded(t *testing.T) {
	t.Parallel()
	d := dnsTotals{names: 2}
	add := func(counts map[string]uint64) {
		c := resolve.NewCounts()
		for name, n := range counts {
			c.Answers[resolve.AnswerKey{Domain: name, Pool: "x"}] = n - 1
			c.Answers[resolve.AnswerKey{Domain: name, Pool: "y"}] = 1
		}
		d.add(c)
	}
	add(map[string]uint64{"a/A": 5, "b/A": 9, "c/A": 7})
	add(map[string]uint64{"a/A": 100, "b/A": 1, "d/A": 1})
	got := map[string]float64{}
	d.measure(func(m *Metric, v float64, labels ...string) {
		if m == mDomain {
			got[labels[0]] = v
		}
	})
	if len(got) != 3 || got["b/A"] != 10 || got["c/A"] != 7 || got["(other)"] != 106 {
		t.Errorf("%v", got)
	}
	none := dnsTotals{}
	c := resolve.NewCounts()
	c.Answers[resolve.AnswerKey{Domain: "a/A"}] = 1
	none.add(c)
	if len(none.domains) != 0 {
		t.Error("access domains are told apart though nobody asked for that")
	}
}

// TestStrangersMakeNoSeries: methods and paths that somebody makes up are one series.
func TestStrangersMakeNoSeries(t *testing.T) {
	t.Parallel()
	c := newControlCounts()
	for _, m := range []string{"GET", "BREW", "X-1", "X-2"} {
		c.request(m, "", 404, 1, false)
	}
	if n := testutil.CollectAndCount(c.requests); n != 2 {
		t.Errorf("%d series", n)
	}
	c.request("GET", "/stream", 200, 1e12, true)
	if n := testutil.CollectAndCount(c.seconds); n != 2 {
		t.Errorf("%d series of durations: a stream's is none", n)
	}
}

// TestMetricsToken: a node without control shows its metrics to loopback and to who has
// its token, and nothing else by that token.
func TestMetricsToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write := func(s string) {
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	n := &node{o: Options{MetricsToken: path}}
	if write("short\n"); n.readMetricsToken() == nil {
		t.Error("a token that can be guessed is taken")
	}
	const token = "0123456789abcdef0123456789abcdef"
	if write(token + "\n"); n.readMetricsToken() != nil {
		t.Error("a good token is refused")
	}
	for _, c := range []struct {
		from, header string
		need         auth.Role
		want         int
	}{
		{"127.0.0.1:1", "", auth.Viewer, 200},
		{"192.0.2.1:1", "", auth.Viewer, 403},
		{"192.0.2.1:1", "Bearer " + token, auth.Viewer, 200},
		{"192.0.2.1:1", "Bearer " + token + "x", auth.Viewer, 403},
		{"192.0.2.1:1", token, auth.Viewer, 403},
		{"192.0.2.1:1", "Bearer ", auth.Viewer, 403},
		{"192.0.2.1:1", "Bearer " + token, auth.Admin, 403},
	} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set("Authorization", c.header)
		}
		w := httptest.NewRecorder()
		n.guarded(c.need, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}
