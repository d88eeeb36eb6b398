#!/usr/bin/perl
# A whole client with nothing but Debian's libthrift-perl and the generated code; what it does is
# told in stock_client.py. Usage: stock_client.pl ENDPOINT,… FOLDER-OF-GENERATED-CODE
use strict;
use warnings;

my ($endpoints, $folder);
BEGIN {
    ($endpoints, $folder) = @ARGV;
    unshift @INC, $folder;
    # The generated code declares a variable twice, and says so twenty times.
    $SIG{__WARN__} = sub { warn @_ unless $_[0] =~ /masks earlier declaration/ };
}

use Scalar::Util qw(blessed);
use Time::HiRes qw(sleep time);
use Thrift;
use Thrift::BinaryProtocol;
use Thrift::FramedTransport;
use Thrift::Socket;
use Holdfast::Api::LockService;
use Holdfast::Api::Types;

package Client;

sub new {
    my ($class, @endpoints) = @_;
    open(my $random, '<:raw', '/dev/urandom') or die "no random numbers: $!";
    read($random, my $secret, 16) == 16 or die 'too few random numbers';
    return bless {
        endpoints => \@endpoints, secret => $secret, session => 0, number => 0, api => undef,
    }, $class;
}

sub connect {
    my ($self) = @_;
    my ($host, $port) = split /:/, $self->{endpoints}[0];
    my $socket = Thrift::Socket->new($host, $port);
    $socket->setRecvTimeout(3000);
    $self->{transport} = Thrift::FramedTransport->new($socket);
    my $api = Holdfast::Api::LockServiceClient->new(
        Thrift::BinaryProtocol->new($self->{transport}));
    $self->{transport}->open();
    if ($self->{session} eq '0') {
        my $opened = $api->open_session(Holdfast::Api::OpenSessionRequest->new({
            header => $self->header(), lease_ms => 10000, client_name => 'stock client',
            host => 'here', secret => $self->{secret} }));
        $self->{session} = $opened->{session_id};
    } else {
        $api->resume_session(Holdfast::Api::ResumeSessionRequest->new({
            header => $self->header(), secret => $self->{secret} }));
    }
    $self->{api} = $api;
}

sub header {
    my ($self) = @_;
    return Holdfast::Api::RequestHeader->new({ session_id => $self->{session} });
}

# The header of a request that changes something.
sub number {
    my ($self, $guard) = @_;
    $self->{number}++;
    return Holdfast::Api::RequestHeader->new({
        session_id => $self->{session}, request_number => $self->{number},
        answered_below => $self->{number}, guard => $guard });
}

sub is_repeated {
    my ($refusal) = @_;
    return $refusal->{outcome_pending}
        || grep { $_ == $refusal->{code} } (
            Holdfast::Api::ErrorCode::NO_QUORUM, Holdfast::Api::ErrorCode::BEHIND,
            Holdfast::Api::ErrorCode::SESSION_NOT_BOUND);
}

# The answer of the first replica that has one.
sub call {
    my ($self, $method, $request) = @_;
    my $ends_at = Time::HiRes::time() + 20;
    while (1) {
        my $reply = eval {
            $self->connect() unless $self->{api};
            $self->{api}->$method($request);
        };
        return $reply if $reply;
        my $failure = $@;
        if (Scalar::Util::blessed($failure)) {
            my $is_refusal = $failure->isa('Holdfast::Api::LockServiceError');
            die "$method: $failure->{message}\n" if $is_refusal && !is_repeated($failure);
            die "$method: $failure->{message}\n" if Time::HiRes::time() > $ends_at;
        } else {
            die $failure;
        }
        $self->{transport}->close();
        $self->{api} = undef;
        push @{ $self->{endpoints} }, shift @{ $self->{endpoints} };
        Time::HiRes::sleep(0.05);
    }
}

package main;

$| = 1;
my $lock = '/locks/report';
my $client = Client->new(split /,/, $endpoints);
$client->call('check_sequencers', Holdfast::Api::CheckSequencersRequest->new({
    header => $client->header(), sequencers => ['none'] }));

my $ask = Holdfast::Api::AcquireRequest->new({
    header => $client->number(), path => $lock, wait_ms => 10000,
    create => Holdfast::Api::CreateMode::PERSISTENT });
my $reply;
do {
    $reply = $client->call('acquire', $ask);
} until $reply->{outcome} == Holdfast::Api::AcquireOutcome::GRANTED;
my $sequencer = $reply->{grant}{sequencer};

my $states = $client->call('check_sequencers', Holdfast::Api::CheckSequencersRequest->new({
    header => $client->header(), sequencers => [$sequencer, 'nonsense'] }))->{states};
die "states: @$states" unless $states->[0] == Holdfast::Api::SequencerState::VALID
    && $states->[1] == Holdfast::Api::SequencerState::MALFORMED;
print "HOLDS $sequencer\n";

<STDIN>;
my $grant = $client->call('get_sequencer', Holdfast::Api::GetSequencerRequest->new({
    header => $client->header(), path => $lock }))->{grant};
print "STILL HOLDS $grant->{sequencer}\n";
$client->call('set_contents', Holdfast::Api::SetContentsRequest->new({
    header => $client->number($sequencer), path => '/report',
    contents => 'written under the lock' }));
print "WROTE\n";
$client->call('release', Holdfast::Api::ReleaseRequest->new({
    header => $client->number(), path => $lock }));
print "RELEASED\n";
