package stat

import (
	"strings"
	"testing"
)

// TestAStolenCredentialIsHeldToWhatCanBeKept: names that no database takes and numbers
// that no sum holds are refused at the gate.
func TestAStolenCredentialIsHeldToWhatCanBeKept(t *testing.T) {
	t.Parallel()
	head := `{"v":1,"from":"x","instance":"i","seq":1,`
	for name, body := range map[string]string{
		"a zero byte in a line":         head + `"answers":[{"d":"a/A","l":"\u0000","n":1}]}`,
		"a zero byte in a country":      head + `"countries":[{"c":"\u0000","n":1,"m":1}]}`,
		"a zero byte in a zone":         head + `"zones":[{"z":"a\u0000","o":"x","n":1}]}`,
		"a zero byte in the instance":   `{"v":1,"from":"x","instance":"\u0000","seq":1}`,
		"too much in one entry":         head + `"codes":[{"t":1,"r":0,"n":1099511627777}]}`,
		"too much in all entries":       head + `"answers":[{"d":"a/A","n":1099511627776},{"d":"a/A","n":1}]}`,
		"too much, again and again":     head + `"answers":[` + strings.Repeat(`{"d":"a/A","n":1099511627776},`, 2999) + `{"d":"a/A","n":1}]}`,
		"more than the greatest number": head + `"answers":[{"d":"a/A","n":18446744073709551615},{"d":"a/A","n":18446744073709551615}]}`,
	} {
		if q, err := DecodeQueries("x", []byte(body)); err == nil {
			t.Errorf("%s is taken: %+v", name, q)
		}
	}
	for name, task := range map[string]string{
		"a zero byte in an address":        `{"a":"\u0000","t":"t","n":1}`,
		"a zero byte in a template":        `{"a":"a","t":"t\u0000","n":1}`,
		"more probes than a column can be": `{"a":"a","t":"t","n":2147483648}`,
	} {
		if p, err := DecodeProbes("x", []byte(head+`"tasks":[`+task+`]}`)); err == nil {
			t.Errorf("%s is taken: %+v", name, p)
		}
	}
	if _, err := DecodeQueries("x", []byte(head+`"answers":[{"d":"a/A","l":"l","n":1099511627776}]}`)); err != nil {
		t.Errorf("a great number: %v", err)
	}
}
