// Package meridian holds the texts that go with every copy of the program.
package meridian

import _ "embed"

// Notice names the third parties whose software this is made of.
//
//go:embed NOTICE
var Notice string
