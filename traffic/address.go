package traffic

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
)

// Family is the type of an address and of a pool.
type Family string

// The families. A domain is answered as a CNAME.
const (
	IPv4   Family = "IPv4"
	IPv6   Family = "IPv6"
	Domain Family = "domain"
)

// Mode says who decides whether an address is available.
type Mode string

// The availability modes of an address.
const (
	Auto              Mode = "auto"
	ManualAvailable   Mode = "manual_available"
	ManualUnavailable Mode = "manual_unavailable"
)

// Judgement says how many of a total must be good.
type Judgement string

// The judgements.
const (
	AnyOK Judgement = "any_ok"
	P30OK Judgement = "p30_ok"
	P50OK Judgement = "p50_ok"
	P70OK Judgement = "p70_ok"
	AllOK Judgement = "all_ok"
)

// Holds applies the judgement: ok*100 >= p*total. A total of zero never holds; the
// caller decides what an empty set means.
func (j Judgement) Holds(ok, total int) bool {
	if total == 0 {
		return false
	}
	switch j {
	case P30OK:
		return ok*100 >= 30*total
	case P50OK:
		return ok*100 >= 50*total
	case P70OK:
		return ok*100 >= 70*total
	case AllOK:
		return ok == total
	}
	return ok > 0
}

func (j Judgement) check(r *Report) {
	switch j {
	case AnyOK, P30OK, P50OK, P70OK, AllOK:
	default:
		r.Errorf("judgement", "invalid_value", "is %q; use any_ok, p30_ok, p50_ok, p70_ok or all_ok", string(j))
	}
}

// Address is one endpoint.
type Address struct {
	Name      string    `json:"name"`
	Address   string    `json:"address" doc:"IPv4 address, IPv6 address or domain name."`
	Mode      Mode      `json:"mode" enum:"auto,manual_available,manual_unavailable" default:"auto"`
	Judgement Judgement `json:"judgement" enum:"any_ok,p30_ok,p50_ok,p70_ok,all_ok" default:"any_ok"`
	Tasks     []Task    `json:"tasks" doc:"Health tasks: a template and, but for ping, a port."`
	Location  *Location `json:"location,omitempty" doc:"Where it is, for order: distance."`
	Meta
}

// Task links a template to an address.
type Task struct {
	Template string `json:"template"`
	Port     int    `json:"port,omitempty" doc:"1-65535; default 80 for http and 443 for https; none for ping." minimum:"0" maximum:"65535"`
	Enabled  bool   `json:"enabled" default:"true"`
}

// UnmarshalJSON sets the defaults before it reads.
func (t *Task) UnmarshalJSON(b []byte) error {
	type plain Task
	p := plain{Enabled: true}
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*t = Task(p)
	return nil
}

// Location is a point on the globe, degrees.
type Location struct {
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90"`
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180"`
}

func defaultAddress() *Address {
	return &Address{Mode: Auto, Judgement: AnyOK, Meta: Meta{Enabled: true}}
}

// UnmarshalJSON sets the defaults before it reads.
func (a *Address) UnmarshalJSON(b []byte) error {
	type plain Address
	p := plain(*defaultAddress())
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*a = Address(p)
	return nil
}

// Key implements Object.
func (a *Address) Key() Key { return Key{KindAddress, a.Name} }

// Normalize implements Object.
func (a *Address) Normalize() {
	a.Meta.normalize()
	if ip, err := netip.ParseAddr(a.Address); err == nil {
		a.Address = ip.String()
	} else if c, err := CanonicalName(a.Address); err == nil {
		a.Address = c
	}
	if a.Tasks == nil {
		a.Tasks = []Task{}
	}
}

// Family tells what the address is; it depends on its text alone.
func (a *Address) Family() Family {
	ip, err := netip.ParseAddr(a.Address)
	switch {
	case err != nil:
		return Domain
	case ip.Is4():
		return IPv4
	}
	return IPv6
}

// IP returns the address as an IP; the zero Addr for a domain.
func (a *Address) IP() netip.Addr {
	ip, _ := netip.ParseAddr(a.Address)
	return ip
}

// maxTasks bounds the tasks of one address, as the model product bounds its templates.
const maxTasks = 50

// Check implements Object.
func (a *Address) Check(r *Report) {
	a.Meta.check(r)
	if err := checkObjectName(a.Name); err != nil {
		r.Errorf("name", "invalid_name", "%v", err)
	}
	if ip, err := netip.ParseAddr(a.Address); err == nil {
		switch {
		case ip.Zone() != "":
			r.Errorf("address", "invalid_address", "%q has a zone; an answer cannot carry one", a.Address)
		case ip.Is4In6():
			r.Errorf("address", "invalid_address", "%q is IPv4 in IPv6 form; write %s", a.Address, ip.Unmap())
		case ip.IsUnspecified() || ip.IsMulticast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			r.Errorf("address", "invalid_address", "%s is not the address of an endpoint", a.Address)
		}
	} else if looksLikeIP(a.Address) {
		r.Errorf("address", "invalid_address", "%q is not an IP address; each part of an IPv4 address is 0 to 255", a.Address)
	} else if c, err := CanonicalName(a.Address); err != nil {
		r.Errorf("address", "invalid_address", "%q %v; give an IPv4 address, an IPv6 address or a domain name", a.Address, err)
	} else if c == "." || strings.HasPrefix(c, "*") || !strings.Contains(c, ".") {
		r.Errorf("address", "invalid_address", "%q is not a full host name", a.Address)
	}
	switch a.Mode {
	case Auto, ManualAvailable, ManualUnavailable:
	default:
		r.Errorf("mode", "invalid_value", "is %q; use auto, manual_available or manual_unavailable", string(a.Mode))
	}
	a.Judgement.check(r)
	if l := a.Location; l != nil && !(l.Latitude >= -90 && l.Latitude <= 90 && l.Longitude >= -180 && l.Longitude <= 180) {
		r.Errorf("location", "out_of_range", "is %v, %v; latitude is -90 to 90, longitude -180 to 180", l.Latitude, l.Longitude)
	}
	if len(a.Tasks) > maxTasks {
		r.Errorf("tasks", "too_many", "has %d tasks; an address has at most %d", len(a.Tasks), maxTasks)
		return
	}
	seen := map[Task]bool{}
	for i, t := range a.Tasks {
		if t.Template == "" {
			r.Errorf(index("tasks", i)+".template", "required", "is missing; name a probe template")
		}
		if t.Port < 0 || t.Port > 65535 {
			r.Errorf(index("tasks", i)+".port", "out_of_range", "is %d; use 1 to 65535", t.Port)
		}
		t.Enabled = true
		if seen[t] {
			r.Errorf(index("tasks", i), "duplicate", "template %s with port %d stands twice; remove one", t.Template, t.Port)
		}
		seen[t] = true
	}
}

// looksLikeIP catches 300.1.2.3 and friends, which are legal names but were never
// meant as such: RFC 1123 §2.1 relies on the last label not being a number.
func looksLikeIP(s string) bool {
	last := s[strings.LastIndexByte(s, '.')+1:]
	return strings.Contains(s, ":") || last != "" && strings.Trim(last, "0123456789") == ""
}

// Refs implements Object.
func (a *Address) Refs(f func(Key, string)) {
	for i, t := range a.Tasks {
		f(Key{KindTemplate, t.Template}, index("tasks", i)+".template")
	}
}

// TaskKey identifies a health task everywhere: in observations, verdicts and metrics.
type TaskKey struct {
	Address  string `json:"address"`
	Template string `json:"template"`
	Port     int    `json:"port,omitempty"`
}

func (k TaskKey) String() string {
	if k.Port == 0 {
		return k.Address + "/" + k.Template
	}
	return fmt.Sprintf("%s/%s/%d", k.Address, k.Template, k.Port)
}

// EffectivePort is the task's port with the protocol's default; 0 for ping.
func (t Task) EffectivePort(p Protocol) int {
	switch {
	case p == Ping:
		return 0
	case t.Port != 0:
		return t.Port
	case p == HTTP:
		return 80
	case p == HTTPS:
		return 443
	}
	return 0
}
