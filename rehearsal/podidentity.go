package rehearsal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/growbin/cluster/components/podidentity"
)

const roleVariable = "AWS_ROLE_ARN"

// checkPodIdentities takes the role of every workload that has one, with a token that the real API server signs for its service
// account. The simulated AWS verifies it with the keys that the control plane published. Every other token is refused.
func (r *Rehearsal) checkPodIdentities(ctx context.Context, client kubernetes.Interface) ([]string, error) {
	roles, err := podRoles(ctx, client)
	if err != nil {
		return nil, err
	}
	var differences []string
	if found := slices.Sorted(maps.Keys(roles)); !slices.Equal(found, slices.Sorted(slices.Values(r.Options.Program.PodRoles))) {
		differences = append(differences, fmt.Sprintf("workloads with a role in AWS are %v, must be %v", found, r.Options.Program.PodRoles))
	}
	for _, workload := range slices.Sorted(maps.Keys(roles)) {
		one := roles[workload]
		for _, attempt := range []struct {
			account, audience string
			may               bool
		}{
			{one.account, podidentity.Audience, true},
			{one.account, "", false}, // a token for the API server
			{"default", podidentity.Audience, false},
		} {
			token, err := client.CoreV1().ServiceAccounts(one.namespace).CreateToken(ctx, attempt.account, tokenRequest(attempt.audience), metav1.CreateOptions{})
			if err != nil {
				return nil, fmt.Errorf("a token of service account %s: %w", attempt.account, err)
			}
			_, err = r.Cloud.AssumeRoleWithWebIdentity(one.arn, workload, token.Status.Token)
			if (err == nil) != attempt.may {
				differences = append(differences, fmt.Sprintf("role %s by a token of %s for %q: allowed must be %v: %v", one.arn, attempt.account, attempt.audience, attempt.may, err))
			}
		}
	}
	if len(roles) > 0 && len(differences) == 0 {
		r.Console.Logf("%d workloads take their role in AWS by their own token, and by no other", len(roles))
	}
	return differences, nil
}

type podRole struct{ namespace, account, arn string }

// podRoles are the roles that the pods of Deployments and CronJobs act as, by the name of the workload.
func podRoles(ctx context.Context, client kubernetes.Interface) (map[string]podRole, error) {
	list, err := client.AppsV1().Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list Deployments: %w", err)
	}
	jobs, err := client.BatchV1().CronJobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list CronJobs: %w", err)
	}
	roles := map[string]podRole{}
	add := func(name, namespace string, pod corev1.PodSpec) {
		for _, variable := range pod.Containers[0].Env {
			if variable.Name == roleVariable {
				roles[name] = podRole{namespace, pod.ServiceAccountName, variable.Value}
			}
		}
	}
	for _, d := range list.Items {
		add(d.Name, d.Namespace, d.Spec.Template.Spec)
	}
	for _, job := range jobs.Items {
		add(job.Name, job.Namespace, job.Spec.JobTemplate.Spec.Template.Spec)
	}
	return roles, nil
}

func tokenRequest(audience string) *authenticationv1.TokenRequest {
	request := &authenticationv1.TokenRequest{}
	if audience != "" {
		request.Spec.Audiences = []string{audience}
	}
	return request
}
