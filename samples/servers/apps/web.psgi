# The same small application for starman.
use IO::Socket::INET;

sub {
    my $env = shift;
    if ($env->{PATH_INFO} eq '/up') {
        my $upstream = IO::Socket::INET->new('127.0.0.1:18081');
        print $upstream "GET /wait/1500 HTTP/1.0\r\n\r\n";
        $upstream->flush;
        1 while <$upstream>;
    }
    return [200, ['Content-Type' => 'text/plain', 'Content-Length' => 6], ["hello\n"]];
}
