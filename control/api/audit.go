package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
)

// deed is what the audit shall keep of a call, filled in on its way.
type deed struct {
	store.Audit
	dry  bool // nothing was to be done
	kept bool // with the revision
}

// committed notes what a change set came to.
func (d *deed) committed(res control.Result) {
	d.Revision = res.Revision
	switch {
	case res.Replayed:
		d.Code = "replayed"
	case len(res.Changes) == 0:
		d.Code = "unchanged"
	default:
		d.kept = true
	}
}

// maxObject bounds what a path can put into the audit.
const maxObject = 255

func newAudit(r *http.Request, who auth.Principal, route string) store.Audit {
	object := withoutSecrets(strings.TrimPrefix(r.URL.Path, "/api/v1/"))
	if len(object) > maxObject {
		object = strings.ToValidUTF8(object[:maxObject], "")
	}
	return store.Audit{Request: requestID(r), Kind: who.Kind, Principal: who.ID, Who: who.Name, Remote: auth.Remote(r), Source: source(r),
		Method: r.Method, Route: route, Object: strings.ReplaceAll(strings.ToValidUTF8(object, "�"), "\x00", "�")}
}

// audit keeps a call: what writes or tells a secret in any case, reads when somebody
// may not have them. What made a revision is kept with it already.
func (s *server) audit(r *route, c *call, err error) error {
	row := &c.deed
	quiet := (r.need == auth.Viewer || r.method == http.MethodGet) && !r.secret && !r.writes
	if err == nil {
		if row.kept || row.dry || quiet {
			return nil
		}
		row.Outcome = store.Done
	} else {
		p, public := problemOf(err)
		row.Outcome, row.Code = store.Refused, p.Code
		if !public || p.Status >= 500 {
			row.Outcome = store.Failed
		}
		if quiet && p.Status != http.StatusForbidden {
			return nil
		}
	}
	return s.keepAudit(c.Request, row.Audit)
}

// auditStranger keeps a request that shows no valid credential.
func (s *server) auditStranger(r *http.Request, err error) {
	p, public := problemOf(err)
	if !public || p.Status >= 500 {
		return // says nothing about who asks, and the store would not take it
	}
	row := newAudit(r, auth.Principal{}, "")
	row.Outcome, row.Code = store.Refused, p.Code
	s.keepAudit(r, row)
}

// auditTime bounds how long a request waits for its row.
const auditTime = 5 * time.Second

// keepAudit keeps a row. What it stands for is done, whether or not this succeeds.
func (s *server) keepAudit(r *http.Request, row store.Audit) error {
	// A client that hangs up early must not be left out.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTime)
	defer cancel()
	err := s.control.Audit(ctx, row)
	if err != nil {
		s.log.Error("audit not kept", "request_id", row.Request, "who", row.Who, "method", row.Method, "object", row.Object, "outcome", row.Outcome, "err", err)
	}
	return err
}

// secretText is how a token begins, in a place where only names and ids belong.
var secretText = regexp.MustCompile(`mr[ds][a-z0-9]*[_.][A-Za-z0-9_-]{16,}`)

// withoutSecrets takes tokens out of a path: people paste them in place of a name.
func withoutSecrets(path string) string { return secretText.ReplaceAllString(path, "mrd_…") }

func (s *server) auditRoutes() {
	item := s.schemaOf(reflect.TypeFor[store.Audit]())
	s.route(route{method: "GET", path: "/audit", id: "listAudit", summary: "Who did what or tried to, newest first", tag: "Access", need: auth.Admin,
		params: append([]*huma.Param{query("who", huma.TypeString, "Name or id of a user or token."), query("object", huma.TypeString, "Part of what it was about, any case."),
			query("outcome", huma.TypeString, "done, refused or failed."), query("remote", huma.TypeString, "Address that the request came from."),
			query("from", huma.TypeString, "From this moment on (RFC 3339)."), query("until", huma.TypeString, "Before this moment (RFC 3339).")}, pageParams...),
		answer: s.listOf("AuditList", item), handle: s.listAudit})
}

func (s *server) listAudit(c *call) (answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return answer{}, err
	}
	q := c.URL.Query()
	f := store.AuditFilter{Who: q.Get("who"), Object: q.Get("object"), Outcome: q.Get("outcome"), Remote: q.Get("remote"), Cursor: q.Get("cursor"), Limit: limit + 1}
	switch f.Outcome {
	case "", store.Done, store.Refused, store.Failed:
	default:
		return answer{}, invalidField("outcome", "invalid_parameter", fmt.Sprintf("is %q; use done, refused, failed", f.Outcome))
	}
	for name, to := range map[string]*time.Time{"from": &f.From, "until": &f.Until} {
		if v := q.Get(name); v != "" {
			if *to, err = time.Parse(time.RFC3339Nano, v); err != nil {
				return answer{}, invalidField(name, "invalid_parameter", "must be a time like 2026-11-22T12:00:00Z")
			}
		}
	}
	rows, err := s.control.ListAudit(c.Context(), f)
	if errors.Is(err, store.ErrNotFound) {
		return answer{}, invalidField("cursor", "invalid_parameter", "is not from a page of this list")
	}
	if err != nil {
		return answer{}, err
	}
	out := page{}
	if len(rows) > limit {
		rows = rows[:limit]
		out.Next = rows[limit-1].Cursor()
	}
	if rows == nil {
		rows = []store.Audit{}
	}
	out.Items = rows
	return answer{body: out}, nil
}
