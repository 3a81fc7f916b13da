package drills

import (
	"context"

	"github.com/growbin/cluster/rehearsal/programs"
)

// refuseKey has Argo CD read the repository by ssh, with a deploy key that it does not accept.
func (d *gitOps) refuseKey(ctx context.Context) error {
	key, err := d.overSSH.OtherKey()
	if err != nil {
		return err
	}
	if err := d.Engine.RemoveConfig(ctx, programs.KeyGitToken); err != nil {
		return err
	}
	return d.refuse(ctx, refusal{
		name: "deploy key", setting: programs.KeyGitDeployKey, value: key, problem: "unable to authenticate", refused: d.overSSH.Refused,
		settings: map[string]string{programs.KeyGitRepository: d.overSSH.URL, programs.KeyGitKnownHosts: d.overSSH.KnownHosts},
	})
}

// acceptKey sets the right key, and commits another tag.
func (d *gitOps) acceptKey(ctx context.Context) error {
	if err := d.Engine.SetSecret(ctx, programs.KeyGitDeployKey, d.overSSH.DeployKey); err != nil {
		return err
	}
	if _, err := d.Engine.Up(ctx, "right-key", noOptions); err != nil {
		return err
	}
	settings, err := d.settings(repairedTag)
	if err != nil {
		return err
	}
	if _, err := d.edit(ctx, settings.Applications(), ":"+repairedTag, ":"+keyTag); err != nil {
		return err
	}
	if err := d.synced(ctx, keyTag); err != nil {
		return err
	}
	return d.compareImages(ctx, keyTag, "images that do not follow the commit that was read by ssh")
}
