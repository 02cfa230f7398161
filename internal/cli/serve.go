package cli

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/platform/config"
)

func serve(env Environment) *cobra.Command {
	file := ""
	c := &cobra.Command{
		Use: "serve", Short: "Run the server", Args: cobra.NoArgs,
		Long: `Run the server until it gets SIGTERM or SIGINT.

A flag goes before its environment variable (ATELIER_DATA_DIR for --data-dir), and that before the configuration file.
ATELIER_ROOT_ACCESS_KEY_ID and ATELIER_ROOT_SECRET_ACCESS_KEY fix the first root key.`,
		RunE: func(c *cobra.Command, _ []string) error {
			given := map[string]string{}
			for _, s := range config.Settings() {
				if f := c.Flags().Lookup(s.Name); f.Changed {
					given[s.Name] = f.Value.String()
				}
			}
			cfg, err := config.Load(file, env.Getenv, given)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			return env.Serve(ctx, cfg, env)
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML file with the same names as the flags (ATELIER_CONFIG)")
	d := config.Default()
	for _, s := range config.Settings() {
		c.Flags().String(s.Name, d.Get(s.Name), s.About)
	}
	return c
}
