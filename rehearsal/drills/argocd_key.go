package drills

import (
	"context"
	"strings"

	"github.com/growbin/cluster/rehearsal/argocd"
	"github.com/growbin/cluster/rehearsal/programs"
)

// refuseKey has Argo CD read the repository by ssh, with a deploy key that it does not accept.
func (d *gitOps) refuseKey(ctx context.Context) error {
	before, err := d.running(ctx)
	if err != nil {
		return err
	}
	key, err := d.overSSH.OtherKey()
	if err != nil {
		return err
	}
	if err := d.Engine.RemoveConfig(ctx, programs.KeyGitToken); err != nil {
		return err
	}
	for key, value := range map[string]string{programs.KeyGitRepository: d.overSSH.URL, programs.KeyGitKnownHosts: d.overSSH.KnownHosts} {
		if err := d.Engine.SetConfig(ctx, key, value); err != nil {
			return err
		}
	}
	if err := d.Engine.SetSecret(ctx, programs.KeyGitDeployKey, key); err != nil {
		return err
	}
	if _, err := d.Engine.Up(ctx, "wrong-key", noOptions); err != nil {
		return err
	}
	status, err := d.await(ctx, func(s *argocd.Status) bool {
		return strings.Contains(strings.Join(s.Problems(), " "), "unable to authenticate")
	})
	if err != nil {
		return err
	}
	d.Compare("Argo CD with a wrong deploy key", "–", status.Sync.Status+", "+join(status.Problems()), status.Sync.Status == "Unknown" && d.overSSH.Refused() > 0)
	return d.compareChanges(ctx, before, nil, "Deployments that it changed")
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
