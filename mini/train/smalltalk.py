"""A grammar of what users say that no tool is for, in `mini.train.grammar`'s notation; `{place}` is one of `PLACES`."""

GREET = (
    "(hello|hi|hey|good day|good evening|good afternoon|greetings|welcome|hey there|hi there|hello again)",
    "(hello|hi|hey|good day|good evening|good afternoon|greetings),"
    " (how do you do|nice to meet you|friend|assistant|computer|are you there|my friend|dear|all|is it"
    " working|machine)",
    "how are (you|things|you doing|you today)",
    "are you (there|ready|awake|fine|well|ok)",
    "nice to (meet|see) you",
    "good (day|evening|afternoon) (dear|my|) (friend|assistant|all|everybody)",
    "what is up",
    "(morning|evening|good night)",
)
THANK = (
    "(thanks|thank you|many thanks|thanks a lot|thank you very much|thank you so much|thanks so much|cheers)",
    "(thanks|thank you|many thanks), (that is|this is|it is) (good|great|fine|enough|nice|helpful|clear"
    "|very kind|all)",
    "(thanks|thank you) for (that|your help|the help|this|all|everything|helping|the answer|the explanation)",
    "(that|this|it) (was|is) (very|really|most|quite|) (helpful|useful|nice|good|great|clear|kind)",
    "that (helped|was a help)",
    "(very|really|so|) (good|great|nice|cool|perfect|fine|wonderful|excellent) (job|answer|one|idea"
    "|result|, thanks|)",
    "well (done|said)",
    "I (like|love|see|got|understand) (it|that|this|you)",
)
HELP = (
    "help",
    "help me",
    "(I need|give me|show me|can you|can you give me|is there) (some|) help",
    "what (can|could) (you|I|we) (do|ask|try|say|ask you)",
    "what (can|could) (you|I|we) do (here|now|next|with this|with it|with you)",
    "(tell|show) me what (you|I) can do",
    "(which|what) (actions|commands|tools|options|functions|things|questions) (are there|do you have|can"
    " I use|do you know"
    "|can you do|are possible|exist|may I use)",
    "how (does|do) (this|it|I use this|this work|it work|you work|I use it|I start|we begin)",
    "what (should|shall|may) I (do|ask|say|try) (now|next|here|)",
    "what is (possible|this for|this program|this tool|this about)",
    "(how|what) can you help me with",
    "list (your|the|all) (actions|commands|tools|options|functions)",
    "I (do not|don't) know what to (do|ask|say)",
)
WHO = (
    "who are you",
    "(what|who) is (this|there|speaking|talking)",
    "what are you",
    "what is your name",
    "are you (a machine|a person|human|a robot|a model|an LMM|GPT|a computer|real)",
    "(who|what) (made|built|trained|wrote) you",
    "introduce yourself",
    "do you have a name",
    "what (model|kind of model|program|system) are you",
    "who am I (talking|speaking) to",
)
BYE = (
    "(bye|goodbye|good bye|see you|bye bye|until later|see you later|farewell|so long|good night)",
    "(that is|that was|this is|it is) (all|enough|it|everything) (for now|for today|for me|, thanks|, bye|)",
    "(I am|we are) (done|finished|leaving)",
    "(stop|quit|exit|end|leave|done|finished|enough)",
    "(bye|goodbye|see you|until) (then|now|tomorrow|soon|next time|, thank you|, thanks)",
    "I have to go",
)
OFF_DO = (
    "(tell|write|sing|read|give) me (a|some|the|another) (joke|poem|story|song|news|recipe|letter|riddle"
    "|rhyme|book|line)",
    "(play|buy|book|order|cook|call|send|sell|clean|wash|paint|drive|bring) (some|a|the|me a|my) (music"
    "|game|ticket|flight"
    "|pizza|dinner|mother|mail|house|coffee|tea|cake|bread|taxi|table|room|dog|email|phone|doctor|train)",
    "translate (this|it|a text|that|hello|the word) (into|to) (German|French|Spanish|Latin|Chinese|Italian)",
    "(solve|compute|calculate|work out) (this equation|two plus two|the square root|pi|a sum|my taxes"
    "|seven times eight)",
    "(fix|debug|write|delete|run|install|open|close) (my|the|some|a) (code|program|computer|browser|file"
    "|disk|window|mail)",
)
OFF_ASK = (
    "(how|what) is the (weather|time|date|news|temperature|traffic|price|stock market) (today|now|in"
    " {place}|tomorrow|here"
    "|in {place} today|like|like in {place}|outside|like today)",
    "(how|what) will the (weather|day|traffic|market) be (today|tomorrow|in {place}|next week|on Sunday)",
    "(will|does|did|is) it (rain|snow|raining|snowing|cold|warm|hot|sunny) (today|tomorrow|in {place}"
    "|here|outside|)",
    "what (time|day|year|month) is it (now|today|in {place}|)",
    "(what|where) is (the|) (president|king|queen|population|size|language|river|flag|currency|history"
    "|mayor|name) of"
    " {place}",
    "(where|what|how large|how far|how old|how big) is {place}",
    "who (is|was|were) (the (president|king|queen|mayor|author|inventor|father) of {place}|Einstein"
    "|Mozart|Napoleon|Plato"
    "|Shakespeare|your father|your mother|Newton|Goethe|the first man on earth|Caesar)",
    "(do|can|will|would|could) you (like|love|eat|drink|sleep|dream|think|feel|sing|dance|cook|swim|fly"
    "|speak German|read"
    " books|play chess|drive|marry me|cry|laugh|like music|have friends|be my friend)",
    "what is (love|life|time|truth|the meaning of life|your favourite food|your age|two plus two|art|gold"
    "|water|money"
    "|philosophy|happiness|football|music|on television|for dinner|for lunch|a good book|the best film)",
    "how (old|tall|rich|smart|fast|happy|big) are you",
    "how (do|can) I (cook|learn|buy|fix|sleep|become|lose|earn|bake|grow|travel|sell|make money|find"
    " friends|get to"
    " {place}|bake bread|fly to {place})",
    "when (is|was|does|did) (Christmas|Easter|the next train|the war|lunch|dinner|my birthday|the game"
    "|the film) (start|end"
    "|over|)",
    "I (am|feel) (hungry|tired|bored|sad|happy|ill|cold|alone|thirsty|lost|busy|late|in love|sick|angry)",
    "(yesterday|today|tomorrow) (I went|I go|we go|she goes|he went|I drive|I fly|we travel) to {place}",
    "(my|your|his|her) (dog|cat|mother|car|phone|father|brother|boss|teacher) is (ill|late|old|nice|gone"
    "|angry|funny|great)",
    "(which|what) (country|city|team|book|song|language|food|animal|planet) (is|do you like|is the) (best"
    "|largest|most"
    " beautiful|smallest|oldest|)",
    "(how many|which) (people|cities|languages|rivers|countries|stars|days|bones|legs) (are there|live"
    "|has|does|have) (in"
    " {place}|on earth|a year|a spider|)",
)
PLACES = (
    "Paris|London|Berlin|Rome|Spain|Italy|Germany|China|Japan|India|New York|Africa|Moscow|Vienna|Madrid"
    "|Tokyo|Brazil"
    "|Europe|the world|my town|Canada|Egypt|Norway|Oslo|Lisbon|Athens|Peru|Texas|Poland|Prague|Greece"
    "|this town|Sweden"
)
