package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control/auth"
)

// beat is how often a quiet stream sends a comment: proxies cut connections that
// are silent for 30 s or more.
const beat = 15 * time.Second

// streamWrite is how long a watcher may take to accept a write.
const streamWrite = 10 * time.Second

func (s *server) streamRoutes() {
	s.route(route{method: "GET", path: "/stream", id: "stream", summary: "What happens, as server-sent events", tag: "State", need: auth.Viewer,
		params: []*huma.Param{query("types", huma.TypeString, "Only these events, with commas: health, revision, node, event, alert."),
			header("Last-Event-ID", "Id of the last event seen, to resume."), query("last_event_id", huma.TypeString, "The same, for clients that cannot set the header.")},
		answer:     &huma.Schema{Type: huma.TypeString, Description: "Events hello (first; says whether the stream resumes without a gap), health, revision, node, event, alert (an AlertEntry without deliveries; with action delivery, an AlertDelivered; with action many, no more: read the lists again). data is JSON."},
		answerType: "text/event-stream", handle: s.stream})
}

func (s *server) stream(c *call) (answer, error) {
	want := map[string]bool{}
	for _, t := range strings.Split(c.URL.Query().Get("types"), ",") {
		switch t {
		case "":
		case "health", "revision", "node", "event", "alert":
			want[t] = true
		default:
			return answer{}, invalidField("types", "invalid_parameter", fmt.Sprintf("has %q; use health, revision, node, event, alert", t))
		}
	}
	last := c.Header.Get("Last-Event-ID")
	if last == "" {
		last = c.URL.Query().Get("last_event_id")
	}
	after, sameLife := uint64(0), true
	if last != "" {
		boot, n, _ := strings.Cut(last, "-")
		var err error
		after, err = strconv.ParseUint(n, 10, 64)
		sameLife = err == nil && boot == s.boot
		if !sameLife {
			after = 0
		}
	}
	// Watched before the position is read, so that nothing falls between.
	messages, resumed := s.control.Stream.Watch(c.Context(), after)
	head, err := s.control.Head(c.Context())
	if err != nil {
		return answer{}, err
	}
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	rc := http.NewResponseController(c.w)
	send := func(text string) bool {
		if err := rc.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
			return false
		}
		if _, err := c.w.Write([]byte(text)); err != nil {
			return false
		}
		return rc.Flush() == nil
	}
	done := answer{done: true}
	if !send(fmt.Sprintf("retry: 1000\nevent: hello\ndata: {\"epoch\":%d,\"revision\":%d,\"resumed\":%t}\n\n", head.Epoch, head.Revision, resumed && sameLife && last != "")) {
		return done, nil
	}
	quiet := time.NewTicker(beat)
	defer quiet.Stop()
	for {
		select {
		case <-c.Context().Done():
			return done, nil
		case <-quiet.C:
			// Who has been shut out meanwhile does not listen on. Nor who cannot be asked about:
			// by many wrong attempts from the same address somebody could keep it so.
			if p, err := s.Gate.Authenticate(c.Request); err != nil || !p.Grants.Some(auth.Viewer) {
				return done, nil
			}
			if !send(": still here\n\n") {
				return done, nil
			}
		case m, ok := <-messages:
			if !ok {
				return done, nil // too slow, or over; the client comes back with its last id
			}
			if len(want) > 0 && !want[m.Type] {
				continue
			}
			if !send(fmt.Sprintf("id: %s-%d\nevent: %s\ndata: %s\n\n", s.boot, m.ID, m.Type, m.Data)) {
				return done, nil
			}
		}
	}
}
