package drills

import (
	"context"
	"errors"

	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/rehearsal/programs"
)

func gone() rehearsal.Drill {
	return rehearsal.Drill{
		Name: "gone", Program: programs.GrowbinName, Final: true,
		About: "the control plane and a worker are lost for good; pulumi destroy deletes the rest",
		Phases: func(r *rehearsal.Rehearsal) []rehearsal.Phase {
			return []rehearsal.Phase{{Name: "lose two instances", Do: func(context.Context) error {
				return errors.Join(r.Cloud.LoseInstance(r.Design.ControlPlane), r.Cloud.LoseInstance(lostWorker))
			}}}
		},
	}
}
