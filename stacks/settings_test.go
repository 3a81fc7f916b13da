package stacks

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/growbin/cluster/components/kubeadm"
	"github.com/growbin/cluster/internal/stackfile"
)

var allStacks = []string{"dev", "prod"}

func TestDecodeSettings_BothStacks(t *testing.T) {
	for _, stack := range allStacks {
		settings, err := decode(t, stack, nil)
		require.NoError(t, err, stack)
		assert.Equal(t, "growbin-"+stack, settings.ClusterName())
		assert.Len(t, settings.Nodes, len(topology))
	}
}

func TestPulumiYAML_SettingsHaveTypeAndDescription(t *testing.T) {
	project, err := stackfile.ReadProject("..")
	require.NoError(t, err)
	assert.Equal(t, ConfigPrefix, project.Name+":")
	assert.NotEmpty(t, project.Config)
	for key, setting := range project.Config {
		assert.NotEmpty(t, setting.Description, key)
		assert.Contains(t, []string{"string", "integer", "boolean", "array"}, setting.Type, key)
	}
}

func TestDecodeSettings_ShortSecret(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{"openaiApiKey": "sk-8765"})
	assert.ErrorContains(t, err, ConfigPrefix+"openaiApiKey: ")
	assert.ErrorContains(t, err, "at least 8 characters")
	_, err = decode(t, "dev", map[string]string{"openaiApiKey": "sk-87654"})
	assert.NoError(t, err)
}

// The last numbers that a setting accepts, and the first ones that it refuses.
func TestDecodeSettings_EdgesOfNumbers(t *testing.T) {
	for key, edge := range map[string]struct{ least, most int }{
		"apiTunnelPort": {1024, 65535}, "expectedLoadPercent": {0, 100}, "accessLogDays": {0, 3650}, "bootTimeoutMinutes": {1, 240},
		"imageKeepDays": {0, 3650}, "dumpKeepDays": {1, 3650}, "snapshotKeepDays": {1, 3650},
		"etcdBackupKeepDays": {1, 3650},
	} {
		for number, valid := range map[int]bool{edge.least - 1: false, edge.least: true, edge.most: true, edge.most + 1: false} {
			_, err := decode(t, "dev", map[string]string{key: strconv.Itoa(number)})
			refused := err != nil && strings.Contains(err.Error(), ConfigPrefix+key+": "+strconv.Itoa(number)+" ")
			assert.Equal(t, valid, !refused, "%s: %d: %v", key, number, err)
		}
	}
}

func TestDecodeSettings_Invalid(t *testing.T) {
	cases := map[string]struct {
		// overrides are settings by key; "-" removes one.
		overrides map[string]string
		// want are parts of the error: key and value, and a word or two.
		want []string
	}{
		"region":                  {map[string]string{"region": "Seoul"}, []string{`region: "Seoul"`, "AWS region"}},
		"two zones":               {map[string]string{"availabilityZones": `["ap-northeast-2a","ap-northeast-2b"]`}, []string{`availabilityZones: ["ap-northeast-2a" "ap-northeast-2b"]`, "exactly 3"}},
		"zone twice":              {map[string]string{"availabilityZones": `["ap-northeast-2a","ap-northeast-2a","ap-northeast-2b"]`}, []string{`availabilityZones: "ap-northeast-2a"`, "once"}},
		"zone elsewhere":          {map[string]string{"availabilityZones": `["us-east-1a","ap-northeast-2a","ap-northeast-2b"]`}, []string{`availabilityZones: "us-east-1a"`, "ap-northeast-2"}},
		"zones not a list":        {map[string]string{"availabilityZones": `ap-northeast-2a`}, []string{`availabilityZones: "ap-northeast-2a"`, "list"}},
		"vpc range":               {map[string]string{"vpcCidr": "10.0.0.0"}, []string{`vpcCidr: "10.0.0.0"`, "IPv4 range"}},
		"vpc too large":           {map[string]string{"vpcCidr": "10.0.0.0/8"}, []string{`vpcCidr: "10.0.0.0/8"`, "/16 to /28"}},
		"subnet outside":          {map[string]string{"publicSubnetCidrs": `["10.9.1.0/24","10.0.2.0/24","10.0.3.0/24"]`, "vpcCidr": "10.0.0.0/16"}, []string{`publicSubnetCidrs: "10.9.1.0/24"`, "10.0.0.0/16"}},
		"subnets overlap":         {map[string]string{"publicSubnetCidrs": `["10.0.0.0/22","10.0.2.0/24","10.0.5.0/24"]`, "vpcCidr": "10.0.0.0/16"}, []string{`publicSubnetCidrs: "10.0.2.0/24"`, "overlap 10.0.0.0/22"}},
		"two subnets":             {map[string]string{"publicSubnetCidrs": `["10.0.1.0/24","10.0.2.0/24"]`}, []string{`publicSubnetCidrs: ["10.0.1.0/24" "10.0.2.0/24"]`, "3 zones"}},
		"nat without private":     {map[string]string{"natGateways": "single"}, []string{`natGateways: "single"`, "none"}},
		"nat mode":                {map[string]string{"natGateways": "many"}, []string{`natGateways: "many"`, "none, single, perAz"}},
		"pods overlap vpc":        {map[string]string{"podCidr": "10.0.0.0/8"}, []string{`podCidr: "10.0.0.0/8"`, "overlap growbin:vpcCidr"}},
		"services overlap pods":   {map[string]string{"serviceCidr": "192.168.4.0/22"}, []string{`serviceCidr: "192.168.4.0/22"`, "overlap growbin:podCidr 192.168.0.0/16"}},
		"limit of requests":       {map[string]string{"maxRequests": "9"}, []string{`maxRequests: 9`, "must be at least 10"}},
		"flow log of ten days":    {map[string]string{"flowLogDays": "10"}, []string{`flowLogDays: 10`, "must be one of [1 3 5 7 14"}},
		"office of a continent":   {map[string]string{"adminCidrs": `["198.0.0.0/15"]`}, []string{`adminCidrs: "198.0.0.0/15"`, "/16 or smaller"}},
		"admin from everywhere":   {map[string]string{"adminCidrs": `["0.0.0.0/0"]`}, []string{`adminCidrs: "0.0.0.0/0"`, "/16 or smaller"}},
		"admin not a range":       {map[string]string{"adminCidrs": `["my-laptop"]`}, []string{`adminCidrs: "my-laptop"`, "IPv4 range"}},
		"direct without admin":    {map[string]string{"apiAccess": "direct"}, []string{`adminCidrs: []`, "apiAccess direct"}},
		"key file":                {map[string]string{"sshKeyFile": "~/my key.pem"}, []string{`sshKeyFile: "~/my key.pem"`, "path"}},
		"domain":                  {map[string]string{"domain": "https://growbin.app"}, []string{`domain: "https://growbin.app"`, "e.g. growbin.app"}},
		"zone of another domain":  {map[string]string{"domain": "growbin.app", "hostedZone": "example.com"}, []string{`hostedZone: "example.com"`, "parent"}},
		"origin with a path":      {map[string]string{"imageOrigins": `["https://growbin.app/"]`}, []string{`imageOrigins: "https://growbin.app/"`, "e.g. https://growbin.app"}},
		"days of images":          {map[string]string{"imageKeepDays": "-1"}, []string{`imageKeepDays: -1`, "0 to 3650"}},
		"access":                  {map[string]string{"apiAccess": "vpn"}, []string{`apiAccess: "vpn"`, "direct, sessionManager"}},
		"tunnel port":             {map[string]string{"apiTunnelPort": "70000"}, []string{`apiTunnelPort: 70000`, "1024 to 65535"}},
		"tunnel port not number":  {map[string]string{"apiTunnelPort": "high"}, []string{`apiTunnelPort: "high"`, "whole number"}},
		"private without nat":     {map[string]string{"nodeSubnets": "private"}, []string{`nodeSubnets: "private"`, "privateSubnetCidrs and natGateways"}},
		"private and direct":      {map[string]string{"nodeSubnets": "private", "apiAccess": "direct"}, []string{`apiAccess: "direct"`, "sessionManager"}},
		"version":                 {map[string]string{"kubernetesVersion": "v1.36"}, []string{`kubernetesVersion: "v1.36"`, "1.36.3"}},
		"minor":                   {map[string]string{"kubernetesVersion": "1.28.4"}, []string{`kubernetesVersion: "1.28.4"`}},
		"machine image":           {map[string]string{"machineImage": "ubuntu"}, []string{`machineImage: "ubuntu"`, "ami-0123456789abcdef0"}},
		"roll":                    {map[string]string{"rollNodes": `["k8s-worker-1"]`}, []string{`rollNodes: "k8s-worker-1"`, "k8s-master"}},
		"surge":                   {map[string]string{"surgeNodes": `["k8s-redis"]`}, []string{`surgeNodes: "k8s-redis"`, "data volume"}},
		"surge of control plane":  {map[string]string{"surgeNodes": `["k8s-master"]`}, []string{`surgeNodes: "k8s-master"`, "data volume"}},
		"surge of unknown node":   {map[string]string{"surgeNodes": `["k8s-worker-1"]`}, []string{`surgeNodes: "k8s-worker-1"`, "k8s-master"}},
		"unprotected":             {map[string]string{"unprotectedNodes": `["k8s-worker-1"]`}, []string{`unprotectedNodes: "k8s-worker-1"`, "k8s-master"}},
		"type":                    {map[string]string{"instanceTypes": `["k8s-redis=t3.tiny"]`}, []string{`instanceTypes: "t3.tiny"`, "c6i.large", "k8s-redis"}},
		"mirror of what":          {map[string]string{"packageMirrors": `["helm=https://a.example.com"]`}, []string{`packageMirrors: "helm"`, "kubernetes, containerd, ubuntu"}},
		"mirror with user":        {map[string]string{"packageMirrors": `["ubuntu=https://me:pass-word@a.example.com"]`}, []string{"packageMirrors", "without user"}},
		"mirror without scheme":   {map[string]string{"imageMirrors": `["docker.io=a.example.com"]`}, []string{`imageMirrors: "a.example.com"`, "http or https URL"}},
		"mirror of a path":        {map[string]string{"imageMirrors": `["docker.io/library=https://a.example.com"]`}, []string{`imageMirrors: "docker.io/library"`, "registry.k8s.io"}},
		"type of unknown node":    {map[string]string{"instanceTypes": `["k8s-cache=t3.small"]`}, []string{`instanceTypes: "k8s-cache"`, "k8s-master"}},
		"type entry":              {map[string]string{"instanceTypes": `["k8s-redis"]`}, []string{`instanceTypes: "k8s-redis"`, "name=value"}},
		"type entry twice":        {map[string]string{"instanceTypes": `["k8s-redis=t3.small","k8s-redis=t3.medium"]`}, []string{`instanceTypes: "k8s-redis=t3.medium"`, "second time"}},
		"disk shrinks":            {map[string]string{"dataDiskGiB": `["k8s-redis=9"]`}, []string{`dataDiskGiB: "k8s-redis=9"`, "10 to 16384"}},
		"disk too large":          {map[string]string{"dataDiskGiB": `["k8s-redis=16385"]`}, []string{`dataDiskGiB: "k8s-redis=16385"`, "10 to 16384"}},
		"disk wraps":              {map[string]string{"dataDiskGiB": `["k8s-redis=18446744073709551636"]`}, []string{`dataDiskGiB: "k8s-redis=18446744073709551636"`, "16384"}},
		"disk that is not there":  {map[string]string{"dataDiskGiB": `["k8s-worker-ai=20"]`}, []string{`dataDiskGiB: "k8s-worker-ai"`, "k8s-postgresql"}},
		"boot timeout":            {map[string]string{"bootTimeoutMinutes": "0"}, []string{`bootTimeoutMinutes: 0`, "1 to 240"}},
		"protection":              {map[string]string{"deletionProtection": "yes"}, []string{`deletionProtection: "yes"`, "true or false"}},
		"registry":                {map[string]string{"imageRegistry": "https://ghcr.io/growbin"}, []string{`imageRegistry: "https://ghcr.io/growbin"`, "registry and path"}},
		"tag":                     {map[string]string{"imageTag": "latest"}, []string{`imageTag: "latest"`, "version"}},
		"digest cut off":          {map[string]string{"imageTag": "1.4.2@sha256:abc"}, []string{`imageTag: "1.4.2@sha256:abc"`, "with its digest"}},
		"tag missing":             {map[string]string{"imageTag": "-"}, []string{`imageTag: not set`, "pulumi config set growbin:imageTag"}},
		"tag of unknown":          {map[string]string{"imageTags": `["wast-api=1.0.0"]`}, []string{`imageTags: "wast-api"`, "waste-api"}},
		"log level":               {map[string]string{"logLevel": "loud"}, []string{`logLevel: "loud"`, "debug, info, warning, error"}},
		"openai key":              {map[string]string{"openaiApiKey": "-"}, []string{`openaiApiKey: not set`, "pulumi config set --secret growbin:openaiApiKey"}},
		"openai key in clear":     {map[string]string{"openaiApiKey": "in the clear"}, []string{`openaiApiKey: (in clear text)`, "revoked"}},
		"backups":                 {map[string]string{"backupKeepDays": "0"}, []string{`backupKeepDays: 0`, "1 to 3650"}},
		"etcd backups":            {map[string]string{"etcdBackupKeepDays": "0"}, []string{`etcdBackupKeepDays: 0`, "1 to 3650"}},
		"backups beyond the disk": {map[string]string{"backupKeepDays": "60"}, []string{`backupKeepDays: 60`, "SizeGiB"}},
		"alerts without address":  {map[string]string{"alertReceiver": "webhook"}, []string{`alertUrl: not set`, "--secret"}},
		"alert channel":           {map[string]string{"alertReceiver": "slack"}, []string{`alertChannel: ""`, "#alerts"}},
		"root without repository": {map[string]string{"gitPath": "clusters/dev"}, []string{`gitRepository: ""`, "gitPath"}},
		"repository by ssh":       {map[string]string{"gitRepository": "git@github.com:growbin/deployments"}, []string{`gitDeployKey: not set`, "private key"}},
		"odd repository by ssh":   {map[string]string{"gitRepository": "git@github.com/growbin", "gitDeployKey": deployKey("one")}, []string{`gitRepository: "git@github.com/growbin"`, "git@github.com:"}},
		"repository of a port":    {map[string]string{"gitRepository": "ssh://git@git.example.com:2222/a.git", "gitDeployKey": deployKey("one"), "gitKnownHosts": hostKey("git.example.com", "one")}, []string{`gitKnownHosts: "git.example.com ssh-ed25519`, "a key of [git.example.com]:2222"}},
		"unknown server":          {map[string]string{"gitRepository": "git@git.example.com:a.git", "gitDeployKey": deployKey("one")}, []string{`gitKnownHosts: ""`, "a key of git.example.com"}},
		"no keys of a server":     {map[string]string{"gitRepository": "git@github.com:a.git", "gitDeployKey": deployKey("one"), "gitKnownHosts": "ssh-ed25519"}, []string{`gitKnownHosts: "ssh-ed25519"`, "ssh-keyscan"}},
		"server for https":        {map[string]string{"gitRepository": "https://github.com/a/b", "gitKnownHosts": hostKey("github.com", "one")}, []string{`gitKnownHosts: "github.com`, "must be empty"}},
		"key for https":           {map[string]string{"gitRepository": "https://github.com/a/b", "gitDeployKey": deployKey("one")}, []string{`gitDeployKey: (secret)`, "must be empty unless"}},
		"key without a key":       {map[string]string{"gitRepository": "git@github.com:a/b", "gitDeployKey": "ssh-ed25519 AAAA"}, []string{`gitDeployKey: (secret)`, "PEM"}},
		"token for ssh":           {map[string]string{"gitRepository": "git@github.com:a/b", "gitDeployKey": deployKey("one"), "gitToken": "github_pat_x"}, []string{`gitToken: (secret)`, "https"}},
		"token without a use":     {map[string]string{"gitToken": "github_pat_x"}, []string{`gitToken: (secret)`, "https"}},
		"credits":                 {map[string]string{"creditSpecification": "none"}, []string{`creditSpecification: "none"`, "unlimited, standard"}},
		"buying":                  {map[string]string{"buying": `["k8s-redis=cash"]`}, []string{`buying: "cash"`, "onDemand, spot, savingsPlan1y"}},
		"spot asleep":             {map[string]string{"buying": `["k8s-worker-ai=spot"]`, "sleep": "20:00-08:00"}, []string{`buying: "k8s-worker-ai=spot" must not be spot with growbin:sleep`}},
		"spot with data":          {map[string]string{"buying": `["k8s-redis=spot"]`}, []string{`buying: "k8s-redis=spot" must be a node without a data volume: one of k8s-api-high-traffic, `}},
		"buying of unknown node":  {map[string]string{"buying": `["k8s-cache=onDemand"]`}, []string{`buying: "k8s-cache"`, "k8s-master"}},
		"expected load":           {map[string]string{"expectedLoadPercent": "101"}, []string{`expectedLoadPercent: 101`, "0 to 100"}},
		"budget":                  {map[string]string{"monthlyBudget": "-1"}, []string{`monthlyBudget: -1`, "USD"}},
		"emails without budget":   {map[string]string{"monthlyBudget": "0", "budgetEmails": `["a@example.com"]`}, []string{`monthlyBudget: 0`, "budgetEmails"}},
		"email":                   {map[string]string{"budgetEmails": `["team"]`}, []string{`budgetEmails: "team"`, "e-mail address"}},
		"too many emails":         {map[string]string{"budgetEmails": `["a@b.c"` + strings.Repeat(`,"a@b.c"`, 10) + `]`}, []string{`budgetEmails: ["a@b.c"`, "at most 10"}},
		"region without prices":   {map[string]string{"region": "us-east-1"}, []string{`region: "us-east-1"`, "prices"}},
		"admin with host bits":    {map[string]string{"adminCidrs": `["198.51.100.7/24"]`}, []string{`adminCidrs: "198.51.100.7/24"`, "198.51.100.0/24"}},
		"admin twice":             {map[string]string{"adminCidrs": `["198.51.100.7/32","198.51.100.7/32"]`}, []string{`adminCidrs: "198.51.100.7/32"`, "once"}},
		"pods with host bits":     {map[string]string{"podCidr": "192.168.0.1/16"}, []string{`podCidr: "192.168.0.1/16"`, "192.168.0.0/16"}},
		"pods too few":            {map[string]string{"podCidr": "192.168.0.0/20"}, []string{`podCidr: "192.168.0.0/20"`, "/8 to /19"}},
		"pods on the internet":    {map[string]string{"podCidr": "8.0.0.0/16"}, []string{`podCidr: "8.0.0.0/16"`, "private"}},
		"pods on loopback":        {map[string]string{"podCidr": "127.0.0.0/16"}, []string{`podCidr: "127.0.0.0/16"`, "private"}},
		"services too many":       {map[string]string{"serviceCidr": "172.16.0.0/11"}, []string{`serviceCidr: "172.16.0.0/11"`}},
		"services too few":        {map[string]string{"serviceCidr": "172.16.0.0/29"}, []string{`serviceCidr: "172.16.0.0/29"`, "/12 to /24"}},
		"services for multicast":  {map[string]string{"serviceCidr": "224.0.0.0/16"}, []string{`serviceCidr: "224.0.0.0/16"`, "private"}},
		"odd zone":                {map[string]string{"availabilityZones": `["ap-northeast-2a","ap-northeast-2b","ap-northeast-2\u0001"]`}, []string{`availabilityZones: "ap-northeast-2\x01"`, "zone"}},
		"repository credentials":  {map[string]string{"gitRepository": "https://kim:ghp_secret@github.com/growbin/deployments"}, []string{`gitRepository: "https://xxxxx@github.com/growbin/deployments"`, "no credentials"}},
		"repository without path": {map[string]string{"gitRepository": "https://github.com"}, []string{`gitRepository: "https://github.com"`, "https://host/path"}},
		"path outside":            {map[string]string{"gitRepository": "https://github.com/a/b", "gitPath": "../other"}, []string{`gitPath: "../other"`, "folder"}},
		"revision as an option":   {map[string]string{"gitRevision": "--upload-pack=x"}, []string{`gitRevision: "--upload-pack=x"`, "branch"}},
		"channel without slack":   {map[string]string{"alertChannel": "#alerts"}, []string{`alertChannel: "#alerts"`, "slack"}},
		"channel name":            {map[string]string{"alertReceiver": "slack", "alertUrl": "https://hooks.slack.com/x/y", "alertChannel": "#Two Words"}, []string{`alertChannel: "#Two Words"`, "channel"}},
		"alert address":           {map[string]string{"alertReceiver": "webhook", "alertUrl": "hooks.slack.com/services/x"}, []string{`alertUrl: (secret)`, "https"}},
		"alert address in clear":  {map[string]string{"alertReceiver": "webhook", "alertUrl": "http://hooks.slack.com/services/x"}, []string{`alertUrl: (secret)`, "https"}},
		"heartbeat in clear":      {map[string]string{"heartbeatUrl": "http://beats.example.com/x"}, []string{`heartbeatUrl: (secret)`, "https"}},
		"heartbeat not secret":    {map[string]string{"heartbeatUrl": "in the clear"}, []string{`heartbeatUrl`, "--secret"}},
		"alarm address":           {map[string]string{"alarmEmails": `["team"]`}, []string{`alarmEmails: "team"`, "e-mail address"}},
		"alarm address twice":     {map[string]string{"alarmEmails": `["a@b.c","a@b.c"]`}, []string{`alarmEmails: "a@b.c"`, "once"}},
		"key pair":                {map[string]string{"sshKeyName": "a\nb"}, []string{`sshKeyName: "a\nb"`, "key pair"}},
		"secret with line break":  {map[string]string{"openaiApiKey": "sk-very-secret\n"}, []string{`openaiApiKey: (secret)`, "line break"}},
		"secret to be replaced":   {map[string]string{"kakaoApiKey": "<ChangeMe>"}, []string{`kakaoApiKey: (secret)`, "real value"}},
		"boot timeout that wraps": {map[string]string{"bootTimeoutMinutes": "200000000"}, []string{`bootTimeoutMinutes: 200000000`, "1 to 240"}},
		"backups that wrap":       {map[string]string{"backupKeepDays": "9000000000000000000"}, []string{`backupKeepDays: 9000000000000000000`, "1 to 3650"}},
		"registry user":           {map[string]string{"registryUsername": "a:b", "registryPassword": "long-enough"}, []string{`registryUsername: "a:b"`, "account"}},
		"registry password":       {map[string]string{"registryUsername": "robot"}, []string{`registryPassword: not set`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := decode(t, "prod", c.overrides)
			require.Error(t, err)
			for i, part := range c.want {
				if i == 0 {
					part = ConfigPrefix + part
				}
				assert.ErrorContains(t, err, part)
			}
		})
	}
}

// Whatever a setting holds, the error is short and holds no control character, and no such character gets through.
func TestDecodeSettings_HostileValues(t *testing.T) {
	project, err := stackfile.ReadProject("..")
	require.NoError(t, err)
	values := []string{
		"\x1b[31mred", "two\nlines", "nul\x00", "\u202egnp.exe", " ", strings.Repeat("a", 10_000), strings.Repeat("9", 400), "-1", "1e9",
		"9223372036854775807", "0x10", "../..", "$(reboot)", "`reboot`", "a b", "null", "{}", "[", `[null]`, `["\u0000"]`, `[["a"]]`,
		`["` + strings.Repeat("b", 10_000) + `"]`, `["a=` + strings.Repeat("c", 10_000) + `"]`, `["a=b","a=c"]`, `[" "]`, "::/0", "0.0.0.0/0", "999.1.1.1/8",
	}
	accepted := map[string]int{}
	secrets := map[string]bool{"openaiApiKey": true, "kakaoApiKey": true, "registryPassword": true} // may be long, and are never quoted
	for key, setting := range project.Config {
		key = strings.TrimPrefix(key, ConfigPrefix)
		for _, value := range values {
			_, err := decode(t, "prod", map[string]string{key: value})
			if err == nil {
				accepted[key]++
				assert.False(t, strings.ContainsAny(value, "\x00\x1b\n\u202e") || len(value) > 200 && !secrets[key], "%s (%s) = %.40q is accepted", key, setting.Type, value)
				continue
			}
			for _, line := range strings.Split(err.Error(), "\n") {
				assert.LessOrEqual(t, len([]rune(line)), 700, "%s = %.40q: %.80q", key, value, line)
				assert.NotContains(t, line, strings.Repeat("a", 201))
				assert.False(t, strings.ContainsAny(line, "\x00\x1b\r\u202e"), "%s = %.40q: %q", key, value, line)
			}
		}
	}
	assert.NotContains(t, accepted, "podCidr")
	assert.NotContains(t, accepted, "apiTunnelPort")
	assert.NotEmpty(t, accepted, "some of them are right for some settings")
}

// A protected stack notifies somebody, unless a setting says that it is meant to notify nobody.
func TestDecodeSettings_SomebodyIsNotified(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"e-mail": {"alarmEmails": `["team@example.com"]`}, "receiver": {"alertReceiver": "webhook", "alertUrl": "https://hooks.example.com/one"},
		"meant": {"unattended": "true"}, "not protected": {"deletionProtection": "false"},
	} {
		settings := maps.Clone(settings)
		if name != "meant" {
			settings["unattended"] = "false"
		}
		_, err := decode(t, "prod", settings)
		assert.NoError(t, err, name)
	}
	_, err := decode(t, "prod", map[string]string{"unattended": "false"})
	assert.ErrorContains(t, err, "growbin:alarmEmails: [] must hold an address, or alertReceiver must be set, with deletionProtection")
}

func TestDecodeSettings_ReportsAllProblems(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{
		"region": "Seoul", "imageTag": "latest", "openaiApiKey": "-", "kakaoApiKey": "-", "podCidr": "x", "logLevel": "loud",
	})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "nothing was created")
	for _, key := range []string{"region", "imageTag", "openaiApiKey", "kakaoApiKey", "podCidr", "logLevel"} {
		assert.Contains(t, err.Error(), "growbin:"+key)
	}
}

func TestDecodeSettings_SecretsAreNotInErrors(t *testing.T) {
	_, err := decode(t, "dev", map[string]string{"openaiApiKey": "sk-very-secret", "region": "Seoul"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "sk-very-secret")
}

func TestDataDisks_Grow(t *testing.T) {
	settings, err := decode(t, "dev", map[string]string{"dataDiskGiB": `["k8s-redis=64"]`})
	require.NoError(t, err)
	before, err := decode(t, "dev", nil)
	require.NoError(t, err)
	assert.Equal(t, Sum(before.Nodes).DiskGiB+54, Sum(settings.Nodes).DiskGiB)
	node, err := nodeNamed(settings.Nodes, "k8s-redis")
	require.NoError(t, err)
	assert.Equal(t, 64, node.DataGiB)
}

func TestImage_TagOfTheApplication(t *testing.T) {
	settings, err := decode(t, "dev", map[string]string{"imageTag": "2.0.0", "imageTags": `["auth-api=2.0.1"]`})
	require.NoError(t, err)
	assert.Equal(t, "ghcr.io/growbin/auth-api:2.0.1", settings.Image("auth-api"))
	assert.Equal(t, "ghcr.io/growbin/waste-api:2.0.0", settings.Image("waste-api"))
	digest := "@sha256:" + strings.Repeat("a1", 32)
	settings, err = decode(t, "dev", map[string]string{"imageTags": `["auth-api=2.0.1` + digest + `"]`})
	require.NoError(t, err)
	assert.Equal(t, "ghcr.io/growbin/auth-api:2.0.1"+digest, settings.Image("auth-api"))
	for _, n := range settings.clusterNodes(&liveAccount{}) {
		config := kubeadm.NodeConfig{Images: n.Images}
		assert.NotContains(t, fmt.Sprint(config.Validate()), "Images", "the node cannot pull what the pods refer to")
	}
}

// FuzzDecodeSettings looks for settings that make decoding panic, or that it accepts though they break the topology.
func FuzzDecodeSettings(f *testing.F) {
	f.Add("instanceTypes", `["k8s-redis=t3.medium"]`)
	f.Add("publicSubnetCidrs", `["10.0.0.0/24","::/0","10.0.1.0/33"]`)
	f.Add("vpcCidr", "10.0.0.0/16")
	f.Add("availabilityZones", `["a",null,3]`)
	f.Add("imageTags", `["=","a=b=c"]`)
	f.Add("rollNodes", `[""]`)
	f.Add("apiTunnelPort", "-1")
	base := readConfig(f, "prod", nil)
	f.Fuzz(func(t *testing.T, key, value string) {
		get := func(wanted string) (string, bool) {
			if wanted == key {
				return value, true
			}
			known, ok := base[wanted]
			return known, ok
		}
		settings, err := DecodeSettings("prod", Source{Get: get, IsSecret: func(string) bool { return true }})
		if err != nil {
			if !strings.Contains(err.Error(), ConfigPrefix) {
				t.Errorf("the error names no setting: %v", err)
			}
			return
		}
		if totals := Sum(settings.Nodes); totals.Nodes != expectedTotals.Nodes || totals.VCPU < totals.Nodes {
			t.Errorf("%s=%q gave totals %+v", key, value, totals)
		}
		if _, err := settings.clusterArgs(&liveAccount{}).ControlPlaneIP(); err != nil && !json.Valid([]byte(value)) {
			t.Errorf("%s=%q: %v", key, value, err)
		}
	})
}
