package stacks

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/growbin/cluster/components/monitoring"
	"github.com/growbin/cluster/components/namespace"
	"github.com/growbin/cluster/components/validation"
)

var (
	// keyPairName is EC2's grammar of a key pair's name: printable ASCII, here without quotes and spaces at the ends.
	keyPairName = regexp.MustCompile(`^[!-~]([ -~]{0,253}[!-~])?$`)
	// keyFilePath is a path that a shell takes as it is.
	keyFilePath = regexp.MustCompile(`^~?/[A-Za-z0-9_./-]{1,254}$`)
	// slackChannel is Slack's grammar of a channel's name.
	slackChannel = regexp.MustCompile(`^#[\p{Ll}\p{Lo}\p{N}_-]{1,80}$`)
	// registryUser is the name of a registry account, e.g. robot$ci.
	registryUser = regexp.MustCompile(`^[A-Za-z0-9_.$+@-]{1,128}$`)
)

// maxDays bounds retention: ten years. Larger numbers are slips, and products with them would wrap.
const maxDays = 3650

// privateRanges are the IPv4 ranges that are nobody's on the internet, RFC 1918 and RFC 6598.
var privateRanges = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"),
}

// checkClusterRange checks a range inside the cluster. Its number of bits is least to most.
func (r *settingsReader) checkClusterRange(key string, cidr netip.Prefix, least, most int) {
	private := slices.ContainsFunc(privateRanges, func(p netip.Prefix) bool { return p.Bits() <= cidr.Bits() && p.Contains(cidr.Addr()) })
	switch {
	case cidr != cidr.Masked():
		r.invalid(key, cidr.String(), "must begin with its first address, %s", cidr.Masked())
	case !private:
		r.invalid(key, cidr.String(), "must be a private range, e.g. in 10.0.0.0/8: others belong to hosts on the internet")
	case cidr.Bits() < least || cidr.Bits() > most:
		r.invalid(key, cidr.String(), "must be /%d to /%d", least, most)
	}
}

// checkAddress checks the address of a receiver, which holds a credential: it reaches no error.
func (r *settingsReader) checkAddress(key, example string) {
	value, ok := r.Get(key)
	if !ok || value == "" || value == secretPlaceholder {
		return
	}
	if address, err := url.Parse(value); err != nil || address.Scheme != "https" || address.Hostname() == "" || address.User != nil {
		r.invalid(key, hidden{}, "must be an https URL, e.g. %s", example)
	}
}

// hidden stands in errors for the value of a secret.
type hidden struct{}

func (hidden) String() string { return "(secret)" }

// unlikelySecrets are values that people type to replace them later.
var unlikelySecrets = []string{"changeme", "change-me", "change_me", "replaceme", "secret", "password", "token", "todo", "tbd", "none", "null", "example", "test", "dummy", "xxx"}

// unusedSecret checks a secret that may be left out.
func (r *settingsReader) unusedSecret(key string) {
	if value, ok := r.Get(key); ok && value != "" {
		r.secret(key)
	}
}

// checkSecret checks a secret by its looks.
func (r *settingsReader) checkSecret(key, value string) {
	switch {
	case value == secretPlaceholder:
	case strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) || unicode.IsSpace(c) }):
		r.invalid(key, hidden{}, "must hold no line break, no space and nothing invisible: set it with printf '%%s' VALUE | pulumi config set --secret %s%s", ConfigPrefix, key)
	case slices.Contains(unlikelySecrets, strings.ToLower(strings.Trim(value, "<>[]{}*"))) || len(value) < 8:
		r.invalid(key, hidden{}, "must be the real value, at least 8 characters")
	}
}

// maxAlarmEmails bounds the subscriptions, each of which a person must confirm.
const maxAlarmEmails = 10

// checkEmails checks a list of at most the given number of addresses.
func (r *settingsReader) checkEmails(key string, addresses []string, most int) {
	if len(addresses) > most {
		r.invalid(key, addresses, "must be at most %d addresses", most)
	}
	for i, address := range addresses {
		if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
			r.invalid(key, address, "must be an e-mail address, e.g. team@growbin.app")
		} else if slices.Contains(addresses[:i], address) {
			r.invalid(key, address, "must be named once")
		}
	}
}

func (s *Settings) validateAlerts(r *settingsReader) {
	if s.DeletionProtection && s.AlertReceiver == alertNone && len(s.AlarmEmails) == 0 && !s.Unattended {
		r.invalid("alarmEmails", s.AlarmEmails, "must hold an address, or alertReceiver must be set, with deletionProtection: a stack worth protecting needs somebody who is notified. If nobody is to be, set unattended to true")
	}
	r.checkEmails("alarmEmails", s.AlarmEmails, maxAlarmEmails)
	switch slack := s.AlertReceiver == string(monitoring.ReceiverSlack); {
	case slack && !slackChannel.MatchString(s.AlertChannel):
		r.invalid("alertChannel", s.AlertChannel, "must be a Slack channel, e.g. #alerts")
	case !slack && s.AlertChannel != "":
		r.invalid("alertChannel", s.AlertChannel, "must be empty unless alertReceiver is slack")
	}
}

// validateComponents runs the components' own checks of the values that derive from settings. They would otherwise run after the first
// resources exist.
func (s *Settings) validateComponents(r *settingsReader) {
	if len(r.problems.List()) > 0 {
		return // these would only repeat them
	}
	if err := s.clusterArgs(&liveAccount{}).Check(s.ClusterName()); err != nil {
		r.problems.Include(ConfigPrefix+"*", err)
	}
	if registry := s.registry(); registry != nil {
		registry.Password = pulumi.String("set")
		r.problems.Include(ConfigPrefix+"registry", (&namespace.NamespaceArgs{Registry: registry}).Validate())
	}
}

// clip shortens a setting that another one's error names.
func clip(value string) string { return validation.Printable(value) }
