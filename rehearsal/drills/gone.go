package drills

import (
	"context"
	"errors"
	"strings"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
)

// attachments is the target of the refresh that docs/operate.md names.
const attachments = "**VolumeAttachment::**"

func gone() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "gone", Program: programs.GrowbinName, Final: true,
		About: "the control plane and two more machines are lost for good; pulumi destroy deletes the rest",
		// Protection comes off by an update, which would need an API server.
		Config: map[string]string{programs.KeyDeletionProtection: "false"},
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			return []rehearsal.Phase{
				{Name: "lose three instances", Do: func(context.Context) error {
					return errors.Join(r.Cloud.LoseInstance(r.Design.ControlPlane), r.Cloud.LoseInstance(lostWorker), r.Cloud.LoseInstance(lostStore))
				}},
				{Name: "a destroy that stops", Do: func(ctx context.Context) error {
					_, err := r.Engine.Destroy(ctx, "destroy-stopped")
					text := ""
					if err != nil {
						text = err.Error()
					}
					named := strings.Contains(text, "IncorrectInstanceState")
					r.Compare("the destroy names the state of the lost instances", "–", named, named)
					_, err = r.Engine.Refresh(ctx, "drill-refresh", attachments)
					return err
				}},
			}
		},
	}
}
