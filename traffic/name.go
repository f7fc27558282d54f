package traffic

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// maxName is the longest name in presentation form without its final dot:
// RFC 1035 §2.3.4 allows 255 octets on the wire, which two length octets shorten.
const maxName = 253

// maxTyped bounds what is handed to IDNA processing, whose cost is not linear. No
// name of 253 A-label characters is longer than this in any script.
const maxTyped = 1024

// profile turns what people type into A-labels. Lookup processing maps case and
// width; STD3 rules stay off because underscores and "*" are legal here.
var profile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// CanonicalName returns the one spelling of a domain name used as a key: A-labels,
// lower case, no final dot; the root is ".". The error says what is wrong.
func CanonicalName(s string) (string, error) {
	if s == "." {
		return ".", nil
	}
	if len(s) > maxTyped {
		return "", fmt.Errorf("has %d bytes; a name has at most %d characters", len(s), maxName)
	}
	if !isASCII(s) {
		a, err := profile.ToASCII(s)
		if err != nil {
			return "", fmt.Errorf("is not a valid internationalised name: %v", err)
		}
		s = a
	}
	// After the mapping: the final dot may have been an ideographic one (UTS 46 §4).
	s = strings.ToLower(strings.TrimSuffix(s, "."))
	if s == "" {
		return "", errors.New("is empty; give a domain name like www.example.com")
	}
	if len(s) > maxName {
		return "", fmt.Errorf("has %d characters; a name has at most %d", len(s), maxName)
	}
	for i, l := range strings.Split(s, ".") {
		if err := checkLabel(l); err != nil {
			return "", err
		}
		if strings.Contains(l, "*") && (l != "*" || i != 0) {
			// RFC 4592 §2.1.1 makes only a whole leftmost "*" label a wildcard. Others
			// are legal but never what was meant.
			return "", fmt.Errorf("has %q inside; \"*\" may only be the whole first label", l)
		}
	}
	return s, nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// checkLabel holds one label to RFC 1035 §2.3.4 and, because RFC 2181 §11 allows
// any octet, only refuses those that need escapes in a master file.
func checkLabel(l string) error {
	if l == "" {
		return errors.New("has an empty label; write single dots between labels")
	}
	if len(l) > 63 {
		return fmt.Errorf("has a label of %d characters; a label has at most 63", len(l))
	}
	for i := 0; i < len(l); i++ {
		if c := l[i]; c <= ' ' || c >= 0x7f || strings.IndexByte(`"();\@$`, c) >= 0 {
			return fmt.Errorf("has the character %q; use letters, digits, - and _", c)
		}
	}
	return nil
}

// IsSubdomain reports whether name is zone or below it. Both are canonical.
func IsSubdomain(name, zone string) bool {
	return zone == "." || name == zone ||
		len(name) > len(zone) && strings.HasSuffix(name, zone) && name[len(name)-len(zone)-1] == '.'
}

// Parent returns the name without its first label, "." above a top-level name.
func Parent(name string) string {
	if _, rest, ok := strings.Cut(name, "."); ok && rest != "" {
		return rest
	}
	return "."
}

// AbsoluteName resolves a name written inside a zone: "@" is the apex, a name with
// a final dot is absolute, any other is below the zone.
func AbsoluteName(s, zone string) (string, error) {
	switch {
	case s == "@" || s == "":
		return zone, nil
	case strings.HasSuffix(s, "."):
		return CanonicalName(s)
	case zone == ".":
		return CanonicalName(s)
	}
	return CanonicalName(s + "." + zone)
}

// maxObjectName bounds names of pools, addresses, templates and lines: they are
// part of keys, URLs and log lines, and no console column shows more.
const maxObjectName = 128

// checkObjectName holds the names that users give to their own objects.
func checkObjectName(s string) error {
	switch {
	case s == "":
		return errors.New("is missing; give the object a name")
	case len(s) > maxObjectName:
		return fmt.Errorf("has %d bytes; a name has at most %d", len(s), maxObjectName)
	case strings.TrimSpace(s) != s:
		return errors.New("begins or ends with a space; remove it")
	case s == "." || s == "..":
		return fmt.Errorf("is %q, which no URL can carry; choose another", s)
	}
	for _, r := range s {
		// RuneError is what invalid UTF-8 reads as; it would not survive JSON.
		if r == '/' || r == utf8.RuneError || !unicode.IsPrint(r) {
			return fmt.Errorf("has the character %q; a name has no control characters and no \"/\"", r)
		}
	}
	return nil
}
