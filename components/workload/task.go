package workload

import (
	"fmt"
	"maps"

	batch "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/batch/v1"
	core "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	meta "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const taskType = "kubeadm-aws:workload:Task"

const (
	// taskSeconds limits one run of a task.
	taskSeconds = 600
	// taskKeepSeconds is the time in seconds for which a run and its log are kept: a week.
	taskKeepSeconds = 7 * 24 * 3600
)

// Task is a command that runs on demand, as a Job from a CronJob that never runs by itself.
type Task struct {
	pulumi.ResourceState
}

// NewTask creates the CronJob, and its Secret of the same name. Of args, those of pods apply; labels are those of the CronJob too. A
// run ends with its first failure.
func NewTask(ctx *pulumi.Context, name string, args *WorkloadArgs, labels map[string]string, opts ...pulumi.ResourceOption) (*Task, error) {
	if args == nil {
		return nil, fmt.Errorf("task %s: args must not be nil", name)
	}
	single := *args
	single.Replicas = 1
	if err := single.Validate(name); err != nil {
		return nil, fmt.Errorf("task %s: %w", name, err)
	}
	t := &Task{}
	if err := ctx.RegisterComponentResource(taskType, name, t, opts...); err != nil {
		return nil, fmt.Errorf("task %s: %w", name, err)
	}
	parent := pulumi.Parent(t)
	// Others may rely on the name, and a run reads the Secret when it starts. The CronJob does not depend on it: to replace it, Pulumi
	// deletes it first, and would replace dependents too.
	if _, err := secretEnv(ctx, name, pulumi.String(name), &single, parent); err != nil {
		return nil, fmt.Errorf("task %s: %w", name, err)
	}
	template := single.podTemplate(name, pulumi.String(name))
	template.Spec.(*core.PodSpecArgs).RestartPolicy = pulumi.String("Never")
	all := single.labels(name)
	maps.Copy(all, labels)
	if _, err := batch.NewCronJob(ctx, name, &batch.CronJobArgs{
		Metadata: &meta.ObjectMetaArgs{Name: pulumi.String(name), Namespace: single.Namespace.ToStringOutput(), Labels: pulumi.ToStringMap(all)},
		Spec: &batch.CronJobSpecArgs{
			Suspend: pulumi.Bool(true), Schedule: pulumi.String("0 0 1 1 *"),
			JobTemplate: &batch.JobTemplateSpecArgs{Spec: &batch.JobSpecArgs{
				Parallelism: pulumi.Int(1), Completions: pulumi.Int(1), BackoffLimit: pulumi.Int(0),
				ActiveDeadlineSeconds: pulumi.Int(taskSeconds), TtlSecondsAfterFinished: pulumi.Int(taskKeepSeconds),
				Template: template,
			}},
		},
	}, parent); err != nil {
		return nil, fmt.Errorf("task %s: %w", name, err)
	}
	return t, ctx.RegisterResourceOutputs(t, pulumi.Map{})
}
