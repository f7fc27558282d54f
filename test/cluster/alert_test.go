package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/alert"
	"github.com/meridian-gtm/meridian/control/alert/send"
)

// hook is the other side of a webhook channel.
type hook struct {
	mu    sync.Mutex
	got   []hookMessage
	hangs bool // takes a message and never says so
}

type hookMessage struct {
	ID      string
	Open    int
	Entries []struct{ Event, Object, Title string }
	genuine bool
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	var m hookMessage
	if err != nil || json.Unmarshal(b, &m) != nil {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	m.genuine = r.Header.Get(send.HeaderSignature) == send.Signature("both know it", r.Header.Get(send.HeaderTimestamp), b)
	h.mu.Lock()
	h.got = append(h.got, m)
	hangs := h.hangs
	h.mu.Unlock()
	if hangs {
		<-r.Context().Done()
	}
}

func (h *hook) set(hangs bool) {
	h.mu.Lock()
	h.hangs = hangs
	h.mu.Unlock()
}

func (h *hook) all() []hookMessage {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]hookMessage{}, h.got...)
}

// TestAlertsOutliveTheirProcess: an alert stands within a second of its verdict; killed
// after the other side took the message and before it was noted, the next life sends it
// again under its id, raises nothing twice, and tells the end.
func TestAlertsOutliveTheirProcess(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	h := &hook{}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	c.startControl("control,prober", "--alert-allow", "127.0.0.0/8", "--vantage", "v1")
	e := newEndpoint(t, c.ip(50))
	c.apply(fmt.Sprintf(`templates:
  - {name: web, protocol: http, interval: 1s, timeout: 500ms, evaluation_count: 2, http: {path: /healthz}}
addresses:
  - {name: only, address: %s, tasks: [{template: web, port: %d}]}
pools:
  - {name: one, members: [{address: only}]}
zones:
  - {name: example.com, records: []}
access_domains:
  - {name: www.example.com, type: A, pools: [{pool: one}]}
`, c.ip(50), webPort))
	c.cli("kind: webhook\nurl: "+server.URL+"/in\nsecret: both know it\n", "alert", "channels", "set", "own", "-f", "-")
	c.cli("group_wait: 300ms\n", "alert", "settings", "-f", "-")
	c.cli("", "alert", "test", "own")
	c.verdict("up", "only", func(h control.TaskHealth) bool { return h.State == "up" })
	h.set(true)
	e.set(true)
	active := func() (list struct{ Items []alert.Alert }, err error) {
		err = c.call("GET", "/alerts/active?kind=access_domain&kind=pool&kind=address", nil, &list)
		return list, err
	}
	var first []alert.Alert
	eventually(t, "three alerts", func() error {
		list, err := active()
		if first = list.Items; err == nil && len(first) != 3 {
			err = fmt.Errorf("%d alerts", len(first))
		}
		return err
	})
	for _, a := range first {
		if late := a.RaisedAt.Sub(a.Since); late > time.Second || late < 0 {
			t.Errorf("%s %s was raised %s after the verdict", a.Event, a.Object, late)
		}
		if a.Bundle != first[2].ID {
			t.Errorf("%s is told apart", a.Event)
		}
	}
	eventually(t, "the message", func() error {
		if n := len(h.all()); n != 2 {
			return fmt.Errorf("%d messages", n)
		}
		return nil
	})
	c.control.kill()
	h.set(false)
	c.control.start()
	eventually(t, "the message again", func() error {
		got := h.all()
		if n := len(got); n < 3 {
			return fmt.Errorf("%d messages", n)
		}
		if got[2].ID != got[1].ID || len(got[2].Entries) != 3 || got[2].Open != 3 || !got[2].genuine || !got[0].genuine {
			t.Errorf("%+v", got[1:])
		}
		return nil
	})
	e.set(false)
	eventually(t, "the end", func() error {
		got := h.all()
		last := got[len(got)-1]
		if list, err := active(); err != nil || len(list.Items) > 0 || last.Open > 0 {
			return fmt.Errorf("%v, %d last, %+v", err, len(list.Items), last)
		}
		return nil
	})
	var log struct{ Items []alert.Entry }
	if err := c.call("GET", "/alerts/log?limit=100", nil, &log); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, x := range log.Items {
		count[x.Event]++
	}
	for _, e := range []string{"address_alert", "address_resume", "pool_unavailable", "pool_available", "domain_exceptional", "domain_recovered"} {
		if count[e] != 1 {
			t.Errorf("%s stands %d times in the log", e, count[e])
		}
	}
	// Once history has written it, the alert names its incident.
	e.set(true)
	eventually(t, "the incident", func() error {
		list, err := active()
		for _, a := range list.Items {
			if a.Kind == alert.OfPool && a.Incident > 0 {
				return nil
			}
		}
		return fmt.Errorf("%d alerts, %v", len(list.Items), err)
	})
}
