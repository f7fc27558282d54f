package cli

import "github.com/spf13/cobra"

// commands lists every command in the order of help.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.serveCommand(), a.geoCommand(), a.backupCommand(), a.restoreCommand(),
		a.applyCommand(), a.checkCommand(), a.diffCommand(), a.exportCommand(), a.rollbackCommand(), a.revertCommand(),
		a.getCommand(), a.describeCommand(), a.deleteCommand(), a.overrideCommand(), a.failbackCommand(), a.zoneCommand(), a.userCommand(), a.tokenCommand(), a.nodeCommand(),
		a.explainCommand(), a.statusCommand(), a.alertCommand(), a.vantagesCommand(), a.eventsCommand(), a.tailCommand(), a.historyCommand(), a.statsCommand(), a.revisionsCommand(), a.auditCommand(),
		a.versionCommand(), a.completionCommand(),
	}
}
