package programs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/growbin/cluster/internal/iampolicy"
	"github.com/growbin/cluster/rehearsal"
	"github.com/growbin/cluster/stacks"
)

// GrowbinName is the value of PROGRAM for Growbin's own program.
const GrowbinName = "growbin"

// Prefix begins the keys of Growbin's settings.
const Prefix = stacks.ConfigPrefix

// Keys of settings that rehearsals and drills override.
const (
	KeyKubernetesVersion  = Prefix + "kubernetesVersion"
	KeyInstanceTypes      = Prefix + "instanceTypes"
	KeyJWTKey             = Prefix + "jwtKey"
	KeyDataDiskGiB        = Prefix + "dataDiskGiB"
	KeySleep              = Prefix + "sleep"
	KeyBuying             = Prefix + "buying"
	KeyMoreNodes          = Prefix + "moreNodes"
	KeyAutoscale          = Prefix + "autoscale"
	KeyOperators          = Prefix + "operators"
	KeyMonthlyBudget      = Prefix + "monthlyBudget"
	KeyGitRepository      = Prefix + "gitRepository"
	KeyGitPath            = Prefix + "gitPath"
	KeyGitToken           = Prefix + "gitToken"
	KeyGitDeployKey       = Prefix + "gitDeployKey"
	KeyGitKnownHosts      = Prefix + "gitKnownHosts"
	KeyDeletionProtection = Prefix + "deletionProtection"
)

// bootMinutes is how long the program waits for one instance to join, in minutes.
const bootMinutes = "3"

// domain is that of the rehearsed stacks. Unit tests deploy them without one.
const domain = "growbin.app"

// Growbin is the program of this repository.
func Growbin() rehearsal.Program {
	return rehearsal.Program{
		Name: GrowbinName, Folder: ".", Stack: "dev", Run: stacks.Deploy, KubeconfigOutput: stacks.OutputKubeconfig,
		URLsOutput: stacks.OutputURLs, PodRoles: stacks.AWSWorkloads(), HostedZones: []string{domain},
		Config:    growbinConfig,
		Secrets:   []string{Prefix + "openaiApiKey", Prefix + "kakaoApiKey"},
		Unprotect: map[string]string{KeyDeletionProtection: "false"},
		Refused:   refusedEdits,
		Previewer: growbinPreviewer,
		Design: func(stack string, config map[string]string) (*rehearsal.Design, error) {
			settings, err := growbinSettings(stack, config)
			if err != nil {
				return nil, err
			}
			return growbinDesign(settings), nil
		},
	}
}

// RoleName is the IAM role of a workflow, in the simulated account.
func RoleName(role iampolicy.Role) string { return "growbin-" + string(role) }

// RoleARN is its ARN.
func RoleARN(role iampolicy.Role) string { return "arn:aws:iam::000000000000:role/" + RoleName(role) }

// growbinPreviewer has the policy that this repository offers for it.
func growbinPreviewer(root, stack, account string) (role, policy string, err error) {
	policy, err = RolePolicy(root, stack, account, iampolicy.Previewer)
	return RoleName(iampolicy.Previewer), policy, err
}

// RolePolicy returns the policy that this repository offers for a role of a workflow, as JSON.
func RolePolicy(root, stack, account string, role iampolicy.Role) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "iam", stack+"-"+string(role)+".json"))
	if err != nil {
		return "", fmt.Errorf("read the policy of the %s: %w", role, err)
	}
	return strings.ReplaceAll(string(text), iampolicy.Account, account), nil
}

// refusedEdits are valid for a new stack, and impossible for one that is built.
func refusedEdits(config map[string]string) map[string]string {
	return map[string]string{
		Prefix + "vpcCidr": strings.Replace(config[Prefix+"vpcCidr"], "/16", "/17", 1),
		Prefix + "podCidr": "172.20.0.0/16",
	}
}

func growbinSettings(stack string, config map[string]string) (*stacks.Settings, error) {
	return stacks.DecodeSettings(stack, stacks.Source{
		Get: func(key string) (string, bool) {
			value, ok := config[Prefix+key]
			return value, ok
		},
		// The generated secrets are encrypted like those of a person.
		IsSecret: func(string) bool { return true },
	})
}

// growbinConfig differs from the stack file because the API server listens on this host, as behind a Session Manager
// tunnel, the simulated account has one DNS zone, no key pair and one reader, nobody is notified, and Argo CD could read no Git repository.
func growbinConfig(apiPort int) map[string]string {
	return map[string]string{
		Prefix + "apiAccess":          string(stacks.AccessSessionManager),
		Prefix + "apiTunnelPort":      strconv.Itoa(apiPort),
		Prefix + "bootTimeoutMinutes": bootMinutes,
		Prefix + "sshKeyName":         "",
		Prefix + "domain":             domain,
		Prefix + "hostedZone":         "",
		Prefix + "alarmEmails":        `["team@example.com"]`,
		KeyGitPath:                    "",
		Prefix + "readers":            `["` + RoleARN(iampolicy.Previewer) + `"]`,
		Prefix + "livePrices":         "false", // one simulated provider serves one region
	}
}

func growbinDesign(settings *stacks.Settings) *rehearsal.Design {
	design := &rehearsal.Design{
		Region: settings.Region, KubernetesVersion: settings.KubernetesVersion, ControlPlane: stacks.ControlPlane(settings.Nodes).Name,
		Applications: stacks.ApplicationNames(), Protected: settings.DeletionProtection,
	}
	expected := settings.Expected()
	design.Workloads = expected.Workloads
	for i, node := range settings.Nodes {
		design.Nodes = append(design.Nodes, rehearsal.Node{
			Node: expected.Nodes[i],
			Role: string(node.Role), Purpose: node.Purpose, InstanceType: node.InstanceType, Zone: settings.AvailabilityZones[node.Zone],
		})
	}
	return design
}
