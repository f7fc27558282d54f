// Command meridian is the whole product: the server with all its roles and the
// command line that talks to it. It holds no logic; see cmd/internal/cli.
package main

import (
	"os"

	"github.com/meridian-gtm/meridian/cmd/internal/cli"
)

// version is set by the linker; see Makefile.
var version = "dev"

func main() { os.Exit(cli.Main(version)) }
