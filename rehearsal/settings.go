package rehearsal

import (
	"context"
	"crypto/rand"
	"maps"
	"path/filepath"

	"github.com/growbin/cluster/internal/stackfile"
)

// overrides returns the settings by which a rehearsal differs from the stack file, by full key. Every secret is generated,
// those of the stack file too: a rehearsal has neither its key nor a use for them.
func (p *Program) overrides(apiPort int, drill *Drill, encrypted []string) (config, secrets map[string]string) {
	config, secrets = map[string]string{}, map[string]string{}
	if p.Config != nil {
		maps.Copy(config, p.Config(apiPort))
	}
	if drill != nil {
		maps.Copy(config, drill.Config)
	}
	for _, key := range append(encrypted, p.Secrets...) {
		secrets[key] = "rehearsal-" + rand.Text()
	}
	return config, secrets
}

// Redesign edits the settings and derives the design from them anew. The engine's settings stay as they are.
func (r *Rehearsal) Redesign(edit func(config map[string]string)) error {
	edit(r.config)
	overrides := maps.Clone(r.config)
	maps.Copy(overrides, r.secrets)
	design, err := r.Options.Program.Load(r.Options.Root, r.Options.Stack, overrides)
	if err == nil {
		r.Design = design
	}
	return err
}

// Set changes a setting, for the engine and for the design.
func (r *Rehearsal) Set(ctx context.Context, key, value string) error {
	if err := r.Engine.SetConfig(ctx, key, value); err != nil {
		return err
	}
	return r.Redesign(func(config map[string]string) { config[key] = value })
}

// SetSecret changes an encrypted setting, for the engine and for the design. It is searched for, as those of the program.
func (r *Rehearsal) SetSecret(ctx context.Context, key, value string) error {
	if err := r.Engine.SetSecret(ctx, key, value); err != nil {
		return err
	}
	r.secrets[key] = value
	return r.Redesign(func(map[string]string) {})
}

// Load derives the design of a stack from its settings as the program will see them: the defaults of Pulumi.yaml, the stack
// file, and the overrides.
func (p *Program) Load(root, stack string, overrides map[string]string) (*Design, error) {
	config, err := loadConfig(filepath.Join(root, filepath.FromSlash(p.Folder)), stack, overrides)
	if err != nil {
		return nil, err
	}
	return p.Design(stack, config)
}

func loadConfig(folder, stack string, overrides map[string]string) (map[string]string, error) {
	values, _, err := stackfile.Values(folder, stack)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, overrides)
	return values, nil
}
