package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/meridian-gtm/meridian/control/alert/send"
	"github.com/meridian-gtm/meridian/control/store"
)

// What callers do something about.
var (
	// ErrVersion: what is to be changed is not at the version that was asked for.
	ErrVersion = errors.New("it has another version")
	// ErrNotFound: there is no such thing.
	ErrNotFound = store.ErrNotFound
)

// Expect is the version that something must have; nil: any. 0: it must not exist.
type Expect *uint64

func expected(want Expect, is uint64) error {
	if want != nil && *want != is {
		return fmt.Errorf("version %d: %w", is, ErrVersion)
	}
	return nil
}

// moved turns a race with another writer into ErrVersion.
func moved(err error) error {
	if errors.Is(err, store.ErrMoved) {
		return fmt.Errorf("%w (%w)", ErrVersion, err)
	}
	return err
}

// Settings returns the settings and their version.
func (s *Service) Settings(ctx context.Context) (Settings, uint64, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return Settings{}, 0, err
	}
	return r.Settings, r.version, nil
}

// PutSettings checks and sets the settings.
func (s *Service) PutSettings(ctx context.Context, set Settings, want Expect, who string) (uint64, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return 0, err
	}
	set.normalize()
	if err := set.Check(r.names()); err != nil {
		return 0, err
	}
	if err := expected(want, r.version); err != nil {
		return r.version, err
	}
	return s.put(ctx, store.AlertSettings, "settings", r.version, set, who)
}

func (s *Service) put(ctx context.Context, t store.AlertTable, name string, version uint64, body any, who string) (uint64, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, fmt.Errorf("encode %s: %w", name, err)
	}
	v, err := s.o.Store.PutAlertDocument(ctx, t, store.AlertDocument{Name: name, Version: version, Body: b, UpdatedBy: who, UpdatedAt: s.moment()})
	if err == nil {
		s.changed()
	}
	return v, moved(err)
}

func (s *Service) changed() {
	s.rules.set()
	s.outbox.set()
}

// Channels returns all channels by name.
func (s *Service) Channels(ctx context.Context) ([]Channel, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	last, err := s.o.Store.LastDeliveries(ctx)
	if err != nil {
		return nil, err
	}
	waiting, err := s.o.Store.WaitingNotices(ctx, mostNotices)
	if err != nil {
		return nil, err
	}
	of := map[string]int{}
	for i := range waiting {
		of[waiting[i].Channel]++
	}
	out := []Channel{}
	for _, n := range r.names() {
		c := r.channels[n].show(n)
		c.Waiting = of[n]
		if d, ok := last[n]; ok {
			v := showDelivery(&d)
			c.Last = &v
		}
		out = append(out, c)
	}
	return out, nil
}

// Channel returns one channel, or ErrNotFound.
func (s *Service) Channel(ctx context.Context, name string) (Channel, error) {
	list, err := s.Channels(ctx)
	if err != nil {
		return Channel{}, err
	}
	for _, c := range list {
		if c.Name == name {
			return c, nil
		}
	}
	return Channel{}, ErrNotFound
}

// PutChannel makes a channel or changes one. Secrets that are absent stay.
func (s *Service) PutChannel(ctx context.Context, name string, spec ChannelSpec, want Expect, who string) (created bool, err error) {
	var p problems
	if err := CheckChannelName(name); err != nil {
		p.add("name", "invalid_name", "%s", err)
		return false, p.err()
	}
	r, err := s.Rules(ctx)
	if err != nil {
		return false, err
	}
	version := uint64(0)
	var old *ChannelSpec
	if c := r.channels[name]; c != nil {
		version, old = c.version, &c.ChannelSpec
	}
	if err := expected(want, version); err != nil {
		return false, err
	}
	spec.keep(old)
	if err := spec.Check(); err != nil {
		return false, err
	}
	spec.normalize()
	_, err = s.put(ctx, store.AlertChannels, name, version, spec, who)
	return version == 0, err
}

// InUse says who names a channel that was to be deleted.
type InUse struct{ By []string }

func (e *InUse) Error() string { return "it is named by " + strings.Join(e.By, ", ") }

// DeleteChannel deletes a channel that no rule names, and what waits for it.
func (s *Service) DeleteChannel(ctx context.Context, name string, want Expect) error {
	r, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	c := r.channels[name]
	if c == nil {
		return ErrNotFound
	}
	if err := expected(want, c.version); err != nil {
		return err
	}
	var by []string
	if slices.Contains(r.Settings.Channels, name) {
		by = append(by, "the settings")
	}
	for d, o := range r.Overrides {
		if slices.Contains(o.Channels, name) {
			by = append(by, d)
		}
	}
	if len(by) > 0 {
		slices.Sort(by)
		return &InUse{by}
	}
	if err := s.o.Store.DeleteAlertDocument(ctx, store.AlertChannels, name); err != nil {
		return err
	}
	s.changed()
	return s.o.Store.DropNotices(ctx, name)
}

// Tested is what came of a test.
type Tested struct {
	OK     bool   `json:"ok"`
	Answer string `json:"answer" doc:"What the other side said, or what was wrong."`
	Took   int64  `json:"took_ms"`
}

// Test sends a message to a channel at once, also to one that is disabled.
func (s *Service) Test(ctx context.Context, name, who string) (Tested, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return Tested{}, err
	}
	c := r.channels[name]
	if c == nil {
		return Tested{}, ErrNotFound
	}
	began := s.now()
	id := store.DeliveryText(s.ids(1))
	target, err := c.resolve(name)
	answer := ""
	if err == nil {
		answer, err = s.o.Send(ctx, target, testMessage("test-"+id, s.moment(), name, c.Language, who))
	}
	t := Tested{OK: err == nil, Answer: answer, Took: s.now().Sub(began).Milliseconds()}
	if err != nil {
		t.Answer = err.Error()
	}
	return t, nil
}

// Domains returns what holds for the access domains with rules of their own, by name.
func (s *Service) Domains(ctx context.Context) ([]Effective, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	out := []Effective{}
	for d, o := range r.Overrides {
		e := r.Settings.effective(d, &o)
		e.Version = r.versions[d]
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Effective) int { return strings.Compare(a.Domain, b.Domain) })
	return out, nil
}

// Domain returns what holds for an access domain, and where from.
func (s *Service) Domain(ctx context.Context, domain string) (Effective, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return Effective{}, err
	}
	var own *Override
	if o, ok := r.Overrides[domain]; ok {
		own = &o
	}
	e := r.Settings.effective(domain, own)
	e.Version = r.versions[domain]
	return e, nil
}

// PutDomain gives an access domain rules of its own.
func (s *Service) PutDomain(ctx context.Context, domain string, o Override, want Expect, who string) error {
	r, err := s.Rules(ctx)
	if err != nil {
		return err
	}
	if err := o.Check(r.names()); err != nil {
		return err
	}
	if err := expected(want, r.versions[domain]); err != nil {
		return err
	}
	_, err = s.put(ctx, store.AlertSettings, domainKey(domain), r.versions[domain], o, who)
	return err
}

// DeleteDomain lets an access domain inherit all.
func (s *Service) DeleteDomain(ctx context.Context, domain string) error {
	if err := s.o.Store.DeleteAlertDocument(ctx, store.AlertSettings, domainKey(domain)); err != nil {
		return err
	}
	s.changed()
	return nil
}

// Active returns the alerts that last, newest first, in a language.
func (s *Service) Active(ctx context.Context, language string) ([]Alert, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.o.Store.ActiveAlerts(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Alert, 0, len(list))
	for i := range slices.Backward(list) {
		out = append(out, s.show(&list[i], r, language))
	}
	return out, nil
}

// One returns an alert, active or past, or ErrNotFound.
func (s *Service) One(ctx context.Context, id uint64, language string) (Alert, error) {
	r, err := s.Rules(ctx)
	if err != nil {
		return Alert{}, err
	}
	a, err := s.o.Store.AlertByID(ctx, id)
	if err != nil {
		return Alert{}, err
	}
	return s.show(&a, r, language), nil
}

// Acknowledge notes that who takes care of an active alert, or with off that nobody does.
func (s *Service) Acknowledge(ctx context.Context, id uint64, who, reason string, off bool) error {
	a, err := s.o.Store.AlertByID(ctx, id)
	if err != nil {
		return err
	}
	entry, err := s.entryID(ctx)
	if err != nil {
		return err
	}
	at, action := s.moment(), ActAcknowledge
	when, by := at, who
	if off {
		action, when, by, reason = ActRelease, time.Time{}, "", ""
	}
	e := s.order(entry, at, action, Key{a.Event, a.Kind, a.Object}, who, Facts{Reason: reason})
	e.Alert, e.Severity, e.Incident = a.ID, a.Severity, a.Incident
	if err := s.o.Store.AcknowledgeAlert(ctx, id, when, by, reason, e); err != nil {
		return err
	}
	s.rules.set()
	s.written.set()
	return nil
}

func (s *Service) order(id uint64, at time.Time, action string, k Key, who string, f Facts) store.AlertEntry {
	said := Telling{Action: action, Key: k, Who: who, At: at, Facts: f}
	text := strings.TrimSpace(said.Title(send.English) + "\n" + said.Text(send.English))
	return store.AlertEntry{ID: id, At: at, Action: action, Event: k.Event, Kind: k.Kind, Object: k.Object, Who: who, Text: text, Facts: keptFacts{Facts: f}.bytes()}
}

// MostMute is for how long something may be muted: what is never to be told is for the
// settings.
const MostMute = 30 * 24 * time.Hour

// AddMute mutes an event, an object or both for a time.
func (s *Service) AddMute(ctx context.Context, k Key, last time.Duration, reason, who string) (Mute, error) {
	var p problems
	if k.Event == "" && k.Object == "" {
		p.add("event", "required", "name an event, an object, or both; to send nothing at all, disable the settings")
	}
	if _, ok := EventOf(k.Event); k.Event != "" && !ok {
		p.add("event", "invalid_value", "is %q; use %s", k.Event, strings.Join(Codes(), ", "))
	}
	if k.Kind != "" && !slices.Contains(Kinds, k.Kind) {
		p.add("kind", "invalid_value", "is %q; use %s", k.Kind, strings.Join(Kinds, ", "))
	}
	if last <= 0 || last > MostMute {
		p.add("for", "out_of_range", "must be more than 0s and at most %s", MostMute)
	}
	if reason == "" {
		p.add("reason", "required", "say why, for those who wonder")
	}
	if err := p.err(); err != nil {
		return Mute{}, err
	}
	entry, err := s.entryID(ctx)
	if err != nil {
		return Mute{}, err
	}
	at := s.moment()
	m := store.AlertMute{ID: store.NewID("mute"), Event: k.Event, Kind: k.Kind, Object: k.Object, Reason: reason, CreatedBy: who, CreatedAt: at, EndsAt: at.Add(last)}
	if err := s.o.Store.AddAlertMute(ctx, m, s.order(entry, at, ActMute, k, who, Facts{Reason: reason, Until: m.EndsAt})); err != nil {
		return Mute{}, err
	}
	s.changed()
	s.written.set()
	return showMute(&m), nil
}

// Mutes returns the mutes that last, newest first.
func (s *Service) Mutes(ctx context.Context) ([]Mute, error) {
	list, err := s.o.Store.AlertMutes(ctx, s.moment())
	if err != nil {
		return nil, err
	}
	out := []Mute{}
	for i := range list {
		out = append(out, showMute(&list[i]))
	}
	return out, nil
}

// EndMute ends a mute, or returns ErrNotFound.
func (s *Service) EndMute(ctx context.Context, id, who string) (Mute, error) {
	list, err := s.Mutes(ctx)
	if err != nil {
		return Mute{}, err
	}
	i := slices.IndexFunc(list, func(m Mute) bool { return m.ID == id })
	if i < 0 {
		return Mute{}, ErrNotFound
	}
	m := list[i]
	entry, err := s.entryID(ctx)
	if err != nil {
		return Mute{}, err
	}
	at := s.moment()
	if err := s.o.Store.EndAlertMute(ctx, id, at, s.order(entry, at, ActUnmute, Key{m.Event, m.Kind, m.Object}, who, Facts{})); err != nil {
		return Mute{}, err
	}
	m.EndsAt = at
	s.changed()
	s.written.set()
	return m, nil
}

// Entries returns entries of the log with what became of them.
func (s *Service) Entries(ctx context.Context, f store.AlertFilter, language string) ([]Entry, error) {
	if e := codeOfEnd(f.Event); e != "" {
		if f.Action != "" && f.Action != ActResume {
			return []Entry{}, nil
		}
		f.Event, f.Action = e, ActResume
	}
	list, err := s.o.Store.AlertLog(ctx, f)
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, len(list))
	at := map[uint64]int{}
	out := make([]Entry, len(list))
	for i := range list {
		ids[i], at[list[i].ID] = list[i].ID, i
		out[i] = s.entry(&list[i], language)
	}
	notices, of, err := s.o.Store.AlertOutcomes(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range notices {
		n := &notices[i]
		if _, known := of[n.Delivery]; n.State == store.NoticeBound && !known {
			continue // so old that its message is forgotten
		}
		e := &out[at[n.Log]]
		e.Deliveries = append(e.Deliveries, outcome(n, of))
	}
	return out, nil
}

func codeOfEnd(code string) string {
	for _, e := range Events {
		if e.End == code {
			return e.Code
		}
	}
	return ""
}
