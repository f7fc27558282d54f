package control

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/meridian-gtm/meridian/control/backup"
	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
	"github.com/meridian-gtm/meridian/traffic/steer"
)

// Backup writes the whole state of one moment, secrets too.
func (s *Service) Backup(ctx context.Context, w io.Writer, release string) error {
	return s.store.Backup(ctx, w, release, s.now())
}

// RestorePlan is what a restore would do.
type RestorePlan struct {
	Made     time.Time        `json:"made" doc:"When the backup was made."`
	Release  string           `json:"release" doc:"Program that made it."`
	Position traffic.Position `json:"position" doc:"Head that was backed up."`
	// Same: see store.Restored.
	Same    bool           `json:"same_installation" doc:"It is of this installation: signing keys, the certificate authority, events and audit stay as they are now."`
	Empty   bool           `json:"empty" doc:"Nothing is configured here yet."`
	Changes []ObjectChange `json:"changes" doc:"What becomes of the configuration; zone serials go forward besides."`
	Goes    []string       `json:"goes" doc:"Credentials that are not in the backup and end: tokens and nodes made since, but for the caller's own token."`
	Returns []string       `json:"returns" doc:"Credentials of the backup that are not here now, such as those revoked since: they are valid again."`
	Effect  steer.Effect   `json:"effect" doc:"What clients would get, before and after, by health as it is now."`
}

// credentials are the tables that let somebody in, with the column that people know
// each by.
var credentials = []struct{ table, column, word string }{{"users", "name", "user"}, {"token", "name", "token"}, {"node", "id", "node"}}

// PlanRestore reads a whole backup and says what its restore would do. Errors wrap
// backup.ErrDamaged and backup.ErrNewer.
func (s *Service) PlanRestore(ctx context.Context, r io.Reader, h steer.Health) (RestorePlan, error) {
	b, err := backup.NewReader(r)
	if err != nil {
		return RestorePlan{}, err
	}
	defer b.Close()
	out := RestorePlan{Made: b.Header.Made, Release: b.Header.Release, Position: b.Header.Position, Changes: []ObjectChange{}, Goes: []string{}, Returns: []string{}}
	installation, schema, err := s.store.Origin(ctx)
	if err != nil {
		return out, err
	}
	if b.Header.Schema > schema {
		return out, fmt.Errorf("its tables are of migration %d, this release knows %d: %w", b.Header.Schema, schema, backup.ErrNewer)
	}
	out.Same = installation == b.Header.Installation
	objects, names, err := readBackup(b)
	if err != nil {
		return out, err
	}
	for _, c := range credentials {
		have, err := s.store.Names(ctx, c.table, c.column)
		if err != nil {
			return out, err
		}
		for _, n := range have {
			if !slices.Contains(names[c.table], n) {
				out.Goes = append(out.Goes, c.word+" "+n)
			}
		}
		for _, n := range names[c.table] {
			if !slices.Contains(have, n) {
				out.Returns = append(out.Returns, c.word+" "+n)
			}
		}
	}
	return out, s.compareWith(objects, &out, h)
}

// readBackup reads to the end: the objects, and the names of credentials by table.
func readBackup(b *backup.Reader) (map[traffic.Key]traffic.Object, map[string][]string, error) {
	objects, names := map[traffic.Key]traffic.Object{}, map[string][]string{}
	for {
		t, row, err := b.Next()
		if errors.Is(err, io.EOF) {
			return objects, names, nil
		}
		if err != nil {
			return nil, nil, err
		}
		text := func(column string) string {
			if i := slices.Index(t.Columns, column); i >= 0 {
				v, _ := row[i].(string)
				return v
			}
			return ""
		}
		for _, c := range credentials {
			if c.table == t.Name {
				names[t.Name] = append(names[t.Name], text(c.column))
			}
		}
		if t.Name != "object" {
			continue
		}
		k := traffic.Key{Kind: traffic.Kind(text("kind")), Name: text("name")}
		i := slices.Index(t.Columns, "body")
		if traffic.New(k.Kind) == nil || i < 0 {
			return nil, nil, fmt.Errorf("its %s is of a kind that this release does not know: %w", k, backup.ErrNewer)
		}
		body, _ := row[i].([]byte)
		o, err := traffic.Decode(k.Kind, body)
		if err != nil || o.Key() != k {
			return nil, nil, fmt.Errorf("its %s cannot be read: %w (%w)", k, backup.ErrDamaged, err)
		}
		objects[k] = o
	}
}

// compareWith lays the backup's objects over what stands.
func (s *Service) compareWith(objects map[traffic.Key]traffic.Object, out *RestorePlan, h steer.Health) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d := traffic.NewDraft(s.model)
	out.Empty = true
	for _, kind := range traffic.Kinds {
		s.model.Each(kind, func(o traffic.Object) bool {
			if kind != traffic.KindSettings {
				out.Empty = false
				if objects[o.Key()] == nil {
					d.Delete(o.Key())
				}
			}
			return true
		})
	}
	for _, o := range objects {
		if z, ok := o.(*traffic.Zone); ok {
			if now := s.model.Zone(z.Name); now != nil {
				z.Serial = now.Serial // moves in any case
			}
		}
		d.Put(o)
	}
	changes := d.Changes()
	for _, c := range changes {
		oc, err := diffChange(c)
		if err != nil {
			return err
		}
		out.Changes = append(out.Changes, oc)
	}
	out.Effect = steer.Compare(s.model, d, changes, h)
	return nil
}

// restoreTime bounds a restore; a caller that hangs up does not end it half-way.
const restoreTime = 10 * time.Minute

// Restore puts a backup in force: all of it or, after an error, nothing. Whoever holds
// what was read from the store before must read it anew; Replaced tells them.
func (s *Service) Restore(ctx context.Context, r io.Reader, o store.RestoreOptions) (store.Restored, error) {
	if err := s.take(ctx); err != nil {
		return store.Restored{}, err
	}
	defer s.give()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
	defer cancel()
	b, err := backup.NewReader(r)
	if err != nil {
		return store.Restored{}, err
	}
	defer b.Close()
	o.At = s.now()
	out, err := s.store.Restore(ctx, b, o)
	if err != nil {
		return out, err
	}
	return out, s.reload(ctx)
}

// Replaced is closed when another state has been put in place of the store's, by this
// process or another: keys, credentials and all that was read from it may be others now.
func (s *Service) Replaced() <-chan struct{} { return s.replaced }
