package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/auth/oidc"
	"github.com/meridian-gtm/meridian/control/auth/password"
	"github.com/meridian-gtm/meridian/control/backup"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// Problem is the body of every error (RFC 9457). It is an error itself: handlers
// return it as it shall be shown.
type Problem struct {
	Type   string            `json:"type" doc:"Always about:blank; the code tells kinds apart."`
	Title  string            `json:"title" doc:"The status in words."`
	Status int               `json:"status"`
	Code   string            `json:"code" doc:"Stable word for programs."`
	Detail string            `json:"detail" doc:"What is wrong and what to do."`
	ID     string            `json:"request_id,omitempty" doc:"Stands in the server's log too."`
	Errors []traffic.Problem `json:"errors,omitempty" doc:"Each finding, with the field's path."`
	Said   *said.Said        `json:"said,omitempty" doc:"Detail with a code of its own and its arguments."`

	retry time.Duration // after which to try again, 0 for no hint
}

func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

func problem(status int, code, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: detail}
}

func invalid(list ...traffic.Problem) *Problem {
	p := problem(http.StatusUnprocessableEntity, "invalid", "The request breaks rules; nothing was changed.")
	if len(list) == 1 {
		p.Detail = list[0].String()
	}
	p.Errors = list
	return p
}

func invalidField(field, code, message string) *Problem {
	return invalid(traffic.Problem{Field: field, Code: code, Message: message})
}

// problemOf turns what the layers below return into what outsiders may read. ok is
// false for an internal error, whose cause belongs in the log.
func problemOf(err error) (p *Problem, ok bool) {
	if errors.As(err, &p) {
		return p, true
	}
	var rejected *control.Rejected
	if errors.As(err, &rejected) {
		return fromReport(rejected.Report), true
	}
	var inv *traffic.Invalid
	if errors.As(err, &inv) {
		return invalid(inv.Problems...), true
	}
	var query *control.QueryError
	if errors.As(err, &query) {
		return invalidField(query.Param, "invalid_parameter", query.Text), true
	}
	var compacted *control.Compacted
	if errors.As(err, &compacted) {
		return problem(http.StatusGone, "compacted", fmt.Sprintf("What was at revision %d is not kept any more; the oldest that one can look at and go back to is revision %d. Who changed which objects is kept for ever.",
			compacted.Revision, compacted.Oldest)), true
	}
	switch {
	case errors.Is(err, backup.ErrNewer):
		return problem(http.StatusUnprocessableEntity, "newer_backup", "The backup was made by a newer release than this one; restore it with that release. Nothing was changed."), true
	case errors.Is(err, backup.ErrDamaged):
		return problem(http.StatusUnprocessableEntity, "damaged_backup", "This is not a whole backup: it is cut, damaged, or something else. Nothing was changed."), true
	}
	var target *control.TargetError
	if errors.As(err, &target) {
		return targetProblem(target), true
	}
	var policy *control.NotNonPreemptive
	if errors.As(err, &policy) {
		return failbackProblem(policy), true
	}
	var obj *control.ObjectError
	what := "It"
	if errors.As(err, &obj) {
		what = noun(obj.Key.Kind) + " " + obj.Key.Name
	}
	var large *http.MaxBytesError
	var limited *auth.Limited
	var weak *auth.BadPassword
	switch {
	case errors.Is(err, control.ErrVersion):
		return problem(http.StatusPreconditionFailed, "version_mismatch",
			what+" has changed since you read it and is now version "+strconv.FormatUint(obj.Version, 10)+"; read it again and repeat the change on it."), true
	case errors.Is(err, control.ErrExists) && obj != nil && obj.Key.Kind == "node":
		return problem(http.StatusConflict, "exists", what+" was invited already; choose another id, or give it another credential, which ends the one it has: meridian node invite --again."), true
	case errors.Is(err, control.ErrExists):
		return problem(http.StatusConflict, "exists", what+" exists already; change it with PUT or PATCH, or choose another name."), true
	case errors.Is(err, control.ErrAmbiguous):
		return problem(http.StatusConflict, "ambiguous", what+" stands for several access domains; write NAME/TYPE."), true
	case errors.Is(err, control.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", what+" does not exist."), true
	case errors.Is(err, control.ErrKeyReused):
		return problem(http.StatusUnprocessableEntity, "idempotency_key_reused", "This Idempotency-Key was used for another request within the last day; use a fresh one."), true
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, "not_found", "It does not exist."), true
	case errors.Is(err, store.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "store_unavailable", unavailableText(err)), true
	case errors.Is(err, control.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "unavailable", "This part of the server does not run now; try again later."), true
	case errors.Is(err, auth.ErrDenied):
		return problem(http.StatusUnauthorized, "unauthorized", "Send a valid token: Authorization: Bearer TOKEN, or sign in with POST /api/v1/session. The first one stands in the file admin.token of the data folder."), true
	case errors.As(err, &limited):
		p := problem(http.StatusTooManyRequests, "too_many_attempts", "Too many attempts failed; wait and try again. Who is signed in already is not affected.")
		p.retry = limited.Wait
		return p, true
	case errors.Is(err, password.ErrBusy):
		p := problem(http.StatusServiceUnavailable, "busy", "Too many sign-ins at once; try again in a moment.")
		p.retry = time.Second
		return p, true
	case errors.Is(err, oidc.ErrUnreachable):
		return problem(http.StatusServiceUnavailable, "provider_unavailable", "The identity provider does not answer. Try again later, or sign in with a local user."), true
	case errors.Is(err, oidc.ErrRefused):
		return problem(http.StatusUnauthorized, "sign_in_refused", "The identity provider refused the sign-in; begin again at /api/v1/session/oidc."), true
	case errors.Is(err, oidc.ErrInvalid):
		return problem(http.StatusUnauthorized, "sign_in_invalid", "What came back from the identity provider does not belong to a sign-in that this browser began; begin again at /api/v1/session/oidc."), true
	case errors.As(err, &weak):
		return invalidField("password", "weak_password", weak.Err.Error()), true
	case errors.Is(err, store.ErrLastAdmin):
		return problem(http.StatusConflict, "last_admin", "This is the last admin: make another first, a local user or a token without an end, or nobody could sign in."), true
	case errors.As(err, &large):
		return problem(http.StatusRequestEntityTooLarge, "too_large",
			"The body is larger than "+strconv.FormatInt(large.Limit>>10, 10)+" KiB; send it in parts."), true
	}
	return problem(http.StatusInternalServerError, "internal", "Internal error. The server's log has the cause under the request's id."), false
}

// unavailableText tells the one cause that the reader can do something about.
func unavailableText(err error) string {
	if strings.Contains(err.Error(), "disk is full") {
		return "The disk of the configuration store is full. Nothing was changed; free some space and try again."
	}
	return "The configuration store does not answer. Nothing was changed as far as is known; read the object again before you repeat the change."
}

// fromReport shows the errors of a plan. Things that stand in each other's way are a
// conflict, the rest is the request's own fault.
func fromReport(r *traffic.Report) *Problem {
	p := invalid(r.Errors...)
	for _, e := range r.Errors {
		if e.Code != "in_use" {
			return p
		}
	}
	p.Status, p.Code, p.Title = http.StatusConflict, "in_use", http.StatusText(http.StatusConflict)
	return p
}

func noun(k traffic.Kind) string {
	s := strings.ReplaceAll(string(k), "_", " ")
	return strings.ToUpper(s[:1]) + s[1:]
}

// retryAfter is in seconds: a database that restarts, or another control process, is
// there again after about as long.
const retryAfter = "2"

func writeProblem(w http.ResponseWriter, p *Problem, id string) {
	c := *p
	c.ID, c.Said = id, said.Of(p.Detail)
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if c.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(int((c.retry+time.Second-1)/time.Second)))
	}
	if c.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="meridian"`)
	}
	if c.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // plain strings
	}
	w.WriteHeader(c.Status)
	w.Write(append(b, '\n'))
}
