package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic/querylog"
)

const (
	// mostTails bounds who looks at queries through this process at once.
	mostTails = 8
	// A look ends by itself: a page that somebody forgot must not watch clients all day.
	defaultTail = 15 * time.Minute
	mostTail    = time.Hour
)

// tailHello is the first event of a tail.
type tailHello struct {
	Until time.Time       `json:"until" doc:"When it ends by itself."`
	Rate  int             `json:"rate" doc:"Most queries a second of each resolver."`
	Whole bool            `json:"whole" doc:"Clients are shown by address."`
	Asks  querylog.Filter `json:"filter"`
}

// tailEvents describes the events for the document, which knows no event streams.
type tailEvents struct {
	Hello tailHello            `json:"hello" doc:"First."`
	Query querylog.LoggedQuery `json:"query" doc:"One query."`
	Node  control.TailNews     `json:"node" doc:"What is to be known of one resolver."`
	End   tailEnd              `json:"end" doc:"Last; a client need not come back by itself."`
}

type tailEnd struct {
	Reason string `json:"reason" enum:"time,access"`
}

var errShutOut = errors.New("the credential is worth nothing any more")

func (s *server) tailRoutes() {
	s.route(route{method: "GET", path: "/queries/tail", id: "tailQueries", summary: "Queries as resolvers answer them, as server-sent events", tag: "Traffic", need: auth.Operator,
		params: []*huma.Param{query("name", huma.TypeString, "Only of this name; *.example.com for all below it."),
			query("client", huma.TypeString, "Only of this network or address: that of the client subnet where the query tells one, else of who asks."),
			query("line", huma.TypeString, "Only of this line."), query("type", huma.TypeString, "Only of this record type."), query("rcode", huma.TypeString, "Only with this response code."),
			query("node", huma.TypeString, "Only of these resolvers, with commas; default all that are heard, at most "+strconv.Itoa(control.MostTailed)+"."),
			query("every", huma.TypeInteger, "Only one in so many; default 1."),
			query("rate", huma.TypeInteger, fmt.Sprintf("Most queries a second of each resolver, 1 to %d; default %d. Others are counted and not shown.", querylog.MostRate, querylog.DefaultRate)),
			query("for", huma.TypeString, "When it ends by itself, like 30s or 10m; default 15m, at most 1h."),
			query("whole", huma.TypeBoolean, "Addresses of clients in place of their networks (/24, /48).")},
		answer: s.schemaOf(reflect.TypeFor[tailEvents]()), answerType: "text/event-stream", handle: s.tail})
}

func countOf(c *call, name string, def, most int) (int, error) {
	v := c.URL.Query().Get(name)
	if v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > most {
		return 0, invalidField(name, "invalid_parameter", fmt.Sprintf("must be 1 to %d", most))
	}
	return n, nil
}

// tailOf reads what is asked for.
func (s *server) tailOf(c *call) (t *control.Tail, length time.Duration, err error) {
	q := c.URL.Query()
	t = &control.Tail{Asker: s.Queries, Live: s.Live, Beat: beat, Filter: querylog.Filter{Name: strings.TrimSuffix(q.Get("name"), "."), Client: q.Get("client"), Line: q.Get("line"), Type: q.Get("type"), Rcode: q.Get("rcode")}}
	every, err := countOf(c, "every", 1, querylog.MostEvery)
	if err != nil {
		return nil, 0, err
	}
	t.Filter.Every = uint32(every)
	if t.Rate, err = countOf(c, "rate", querylog.DefaultRate, querylog.MostRate); err != nil {
		return nil, 0, err
	}
	if _, err := t.Filter.Compile(); err != nil {
		var f *querylog.FieldError
		if errors.As(err, &f) {
			return nil, 0, invalidField(f.Field, "invalid_parameter", f.Text)
		}
		return nil, 0, err
	}
	length = defaultTail
	if v := q.Get("for"); v != "" {
		if length, err = time.ParseDuration(v); err != nil || length < time.Second || length > mostTail {
			return nil, 0, invalidField("for", "invalid_parameter", "must be a time of 1s to 1h, like 10m")
		}
	}
	switch q.Get("whole") {
	case "", "false":
	case "true":
		t.Whole = true
	default:
		return nil, 0, invalidField("whole", "invalid_parameter", "must be true or false")
	}
	if v := q.Get("node"); v != "" {
		t.Nodes = strings.Split(v, ",")
		if len(t.Nodes) > control.MostTailed {
			return nil, 0, invalidField("node", "invalid_parameter", fmt.Sprintf("at most %d at once", control.MostTailed))
		}
		known := map[string]bool{}
		for _, n := range s.Live.Nodes() {
			known[n.ID] = true
		}
		for _, n := range t.Nodes {
			if !known[n] {
				return nil, 0, invalidField("node", "not_found", fmt.Sprintf("%q was not heard since this control process started", n))
			}
		}
	}
	return t, length, nil
}

// tail shows queries. Clients are persons' networks, so who looked and at what is kept
// in the audit before anything is shown; and with addresses nothing is shown unless it is.
func (s *server) tail(c *call) (answer, error) {
	if s.Queries == nil {
		return answer{}, problem(http.StatusServiceUnavailable, "not_ready", "This process cannot ask resolvers for their queries.")
	}
	t, length, err := s.tailOf(c)
	if err != nil {
		return answer{}, err
	}
	if s.tails.Add(1) > mostTails {
		s.tails.Add(-1)
		return answer{}, problem(http.StatusTooManyRequests, "too_many_tails", fmt.Sprintf("%d look at queries already; end one, or come back later.", mostTails))
	}
	defer s.tails.Add(-1)
	row := c.deed.Audit
	row.Object = "queries/tail?" + withoutSecrets(c.URL.RawQuery)
	row.Object = strings.ToValidUTF8(row.Object[:min(len(row.Object), maxObject)], "")
	row.Outcome = store.Done
	if err := s.keepAudit(c.Request, row); err != nil && t.Whole {
		return answer{}, problem(http.StatusServiceUnavailable, "audit_unavailable", "Addresses of clients are shown only while the audit can be kept; look without whole=true.")
	}

	ctx, cancel := context.WithTimeout(c.Context(), length)
	defer cancel()
	rc := http.NewResponseController(c.w)
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	write := func(text string) error {
		if err := rc.SetWriteDeadline(time.Now().Add(streamWrite)); err != nil {
			return err
		}
		if _, err := c.w.Write([]byte(text)); err != nil {
			return err
		}
		return rc.Flush()
	}
	event := func(b *strings.Builder, name string, v any) {
		data, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("encode event of a tail: %v", err)) // plain data always encodes
		}
		fmt.Fprintf(b, "event: %s\ndata: %s\n\n", name, data)
	}
	told := func(name string, v any) error {
		var b strings.Builder
		event(&b, name, v)
		return write(b.String())
	}
	done := answer{done: true}
	if told("hello", tailHello{time.Now().Add(length).UTC(), t.Rate, t.Whole, t.Filter}) != nil {
		return done, nil
	}
	err = t.Run(ctx, func(n control.TailNews) error {
		if n.Node == "" {
			// As on the stream: who has been shut out meanwhile does not look on.
			if p, err := s.Gate.Authenticate(c.Request); err != nil || !p.Grants.Whole(auth.Operator) {
				return errShutOut
			}
			return write(": still here\n\n")
		}
		var b strings.Builder
		for i := range n.Records {
			event(&b, "query", &n.Records[i])
		}
		if n.Dropped > 0 || len(n.Records) == 0 {
			event(&b, "node", n)
		}
		return write(b.String())
	})
	switch {
	case errors.Is(err, errShutOut):
		_ = told("end", tailEnd{"access"}) // the client may be gone by now
	case err != nil || c.Context().Err() != nil: // the client is gone, or this process goes
	default:
		_ = told("end", tailEnd{"time"})
	}
	return done, nil
}
