package awssim

import (
	"context"
	"slices"
	"strings"
)

// shellCommand is a command that Systems Manager's Run Command runs on an instance.
type shellCommand struct {
	status, output, failure string
}

// shellDocument is AWS's own document for shell commands.
const shellDocument = "AWS-RunShellScript"

// maxOutput and maxFailure are the numbers of characters that GetCommandInvocation returns
// (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html).
const (
	maxOutput  = 24000
	maxFailure = 8000
)

// SendCommand has an instance run a shell command as root, by its identifier, and returns the identifier of the command.
func (c *Cloud) SendCommand(document, instanceID, text string) (string, error) {
	const operation = "SendCommand"
	c.mu.Lock()
	defer c.unlock()
	who, action := c.program(), "ssm:"+operation
	if document != shellDocument {
		return "", refuseSSM(operation, "InvalidDocument", "the document %s is not modeled by the simulated AWS", document)
	}
	if err := c.authorize(who, "SSM", operation, request{action: action, resource: "arn:aws:ssm:" + c.options.Region + "::document/" + document}); err != nil {
		return "", err
	}
	r, i := request{action: action, resource: c.arn("ec2", "instance/"+instanceID)}, c.instances[instanceID]
	if i != nil {
		r.context = i.tagContext("aws", "ssm")
	}
	if err := c.authorize(who, "SSM", operation, r); err != nil {
		return "", err
	}
	if i == nil || i.state != "running" || !c.managed(i) || c.options.Command == nil {
		return "", refuseSSM(operation, "InvalidInstanceId", "Instances [[%s]] not in a valid state for account %s", instanceID, c.options.AccountID)
	}
	id := c.uuid("command", instanceID)
	sent := &shellCommand{status: "InProgress"}
	c.commands[id+" "+instanceID] = sent
	m, running := c.machine(i), i.running
	c.afterwards(func() { go c.execute(running, m, sent, text) })
	return id, nil
}

// managed reports whether the agent on an instance may talk to Systems Manager.
func (c *Cloud) managed(i *instance) bool {
	agent, err := c.callerOf(i)
	return err == nil && !slices.ContainsFunc([]string{"ssm:UpdateInstanceInformation", "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel"}, func(action string) bool {
		return agent.decide(request{action: action, resource: "*", context: agent.context}) != nil
	})
}

// execute calls the hook and keeps the result.
func (c *Cloud) execute(ctx context.Context, m *Machine, sent *shellCommand, text string) {
	output, err := c.options.Command(ctx, m, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	sent.status, sent.output = "Success", first(output, maxOutput)
	if err != nil {
		sent.status, sent.failure = "Failed", first(err.Error(), maxFailure)
	}
}

// first are the first characters of a text.
func first(text string, limit int) string {
	characters := []rune(strings.ToValidUTF8(text, "?"))
	return string(characters[:min(len(characters), limit)])
}

// CommandInvocation is the answer of GetCommandInvocation.
type CommandInvocation struct {
	Status, StandardOutputContent, StandardErrorContent string
}

// GetCommandInvocation returns the state of a command on an instance.
func (c *Cloud) GetCommandInvocation(commandID, instanceID string) (CommandInvocation, error) {
	const operation = "GetCommandInvocation"
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.mayCall("SSM", "ssm", operation); err != nil {
		return CommandInvocation{}, err
	}
	sent := c.commands[commandID+" "+instanceID]
	if sent == nil {
		return CommandInvocation{}, refuseSSM(operation, "InvocationDoesNotExist", "")
	}
	return CommandInvocation{sent.status, sent.output, sent.failure}, nil
}
