package api

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/meridian-gtm/meridian/control"
	"github.com/meridian-gtm/meridian/control/auth"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/said"
)

// backupType: a backup is one zstd frame (RFC 8878 §6.2).
const backupType = "application/zstd"

// restoreLimit bounds what is taken for a backup; it goes to a file first, not to memory.
const restoreLimit = 1 << 40

// restoreAnswer says what a restore did, or would do.
type restoreAnswer struct {
	DryRun   bool                 `json:"dry_run,omitempty"`
	Position traffic.Position     `json:"position" doc:"Head after the restore, of a new epoch; on a dry run, the one that stands."`
	Plan     *control.RestorePlan `json:"plan"`
}

func (s *server) backupRoutes() {
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	s.route(route{method: "GET", path: "/backup", id: "getBackup", summary: "Download the whole state of control, secrets too", tag: "Changes", need: auth.Admin, secret: true,
		answer: binary, answerType: backupType, handle: s.backup})
	s.route(route{method: "POST", path: "/restore", id: "restore", summary: "Put a backup in place of the whole state of control", tag: "Changes", need: auth.Admin,
		params: []*huma.Param{
			query("dry_run", huma.TypeBoolean, "Answer what the restore would do, and change nothing."),
			query("replace", huma.TypeBoolean, "Restore though something is configured here already, which goes; else 409."),
		},
		body: binary, bodyType: backupType, limit: restoreLimit, answer: s.schemaOf(reflect.TypeFor[restoreAnswer]()), handle: s.restore})
}

func (s *server) backup(c *call) (answer, error) {
	name := "meridian-" + s.Now().UTC().Format("20060102T150405Z") + ".backup"
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	return answer{contentType: backupType, stream: func(w io.Writer) error { return s.control.Backup(c.Context(), w, s.Version) }}, nil
}

func (s *server) restore(c *call) (answer, error) {
	flag := map[string]bool{}
	for _, name := range []string{"dry_run", "replace"} {
		if v := c.URL.Query().Get(name); v != "" {
			on, err := strconv.ParseBool(v)
			if err != nil {
				return answer{}, invalidField(name, "invalid_parameter", "must be true or false")
			}
			flag[name] = on
		}
	}
	file, err := spool(c.Body)
	if err != nil {
		return answer{}, err
	}
	defer file.Close()
	plan, err := s.control.PlanRestore(c.Context(), file, s.moment())
	if err != nil {
		return answer{}, err
	}
	if c.who.Token != "" { // it stays
		plan.Goes = slices.DeleteFunc(plan.Goes, func(n string) bool { return n == "token "+c.who.Name })
	}
	head, err := s.control.Head(c.Context())
	if err != nil {
		return answer{}, err
	}
	if flag["dry_run"] {
		c.deed.dry = true
		return answer{body: restoreAnswer{DryRun: true, Position: head, Plan: &plan}}, nil
	}
	if !plan.Empty && !flag["replace"] {
		return answer{}, problem(http.StatusConflict, "not_empty",
			fmt.Sprintf("This control has a configuration, at revision %d, which a restore replaces; look at it with ?dry_run=true, and repeat with ?replace=true.", head.Revision))
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return answer{}, fmt.Errorf("read the backup again: %w", err)
	}
	o := store.RestoreOptions{Known: head.Epoch, KeepToken: c.who.Token}
	for _, n := range s.Live.Nodes() {
		o.Known = max(o.Known, n.Position.Epoch)
	}
	done, err := s.control.Restore(c.Context(), file, o)
	if err != nil {
		return answer{}, err
	}
	text := saidRestored.With(c.who.Name, plan.Made.Format(time.RFC3339), done.Position.Revision, head.Revision).String()
	s.control.Record(control.Event{Kind: "restore", Subject: "configuration", Severity: "warning", Text: text})
	s.log.Warn("state restored from a backup", "who", c.who.Name, "made", plan.Made, "position", done.Position.String())
	return answer{body: restoreAnswer{Position: done.Position, Plan: &plan}}, nil
}

// spool takes the body to a file that has no name, so that a slow upload holds nobody
// up and nothing of it is left behind.
func spool(body io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "meridian-restore-*")
	if err != nil {
		return nil, fmt.Errorf("keep the backup: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, fmt.Errorf("keep the backup: %w", err)
	}
	if _, err = io.Copy(f, body); err != nil {
		err = bodyError(err)
	} else if _, err = f.Seek(0, io.SeekStart); err != nil {
		err = fmt.Errorf("keep the backup: %w", err)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

var saidRestored = said.New("event.restored", "{who} restored the backup of {time}, revision {revision}; what stood at revision {gone} is gone")
